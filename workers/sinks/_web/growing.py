"""Counts that never fall: a worker's or a ring's begin anew with it, and go on here from what they were."""

from typing import Any

Figures = dict[str, Any]


class Growing:
    """Figures of the house in, the same with counts that only grow out."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, ...], int] = {}
        self._before: dict[tuple[str, ...], int] = {}

    def of(self, figures: Figures) -> Figures:
        """Called in the order in which they were taken."""
        workers = [self._worker(worker) for worker in figures["workers"]]
        return {**figures, "workers": workers, "rings": [self._ring(ring) for ring in figures["rings"]]}

    def _worker(self, worker: Figures) -> Figures:
        """One that could not be ended has the name of its successor."""
        place = worker["name"], str(worker["state"] == "retired")
        return {**worker, "lost": self._count((*place, "lost"), worker["lost"])}

    def _ring(self, ring: Figures) -> Figures:
        name = ring["name"]
        readers = [
            {
                **reader,
                "received": self._count((name, reader["name"], "received"), reader["received"]),
                "dropped": self._count((name, reader["name"], "dropped"), reader["dropped"]),
            }
            for reader in ring["readers"]
        ]
        return {**ring, "no_slot": self._count((name, "no_slot"), ring["no_slot"]), "readers": readers}

    def _count(self, place: tuple[str, ...], count: int) -> int:
        last, self._last[place] = self._last.get(place, 0), count
        if count < last:
            self._before[place] = self._before.get(place, 0) + last
        return self._before.get(place, 0) + count
