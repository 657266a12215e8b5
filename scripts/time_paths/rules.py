"""What becomes of a network's maps over time: our steady worker, and the peers' rules from their description.

The per-pixel average and the range average of the peers (0.9 and 0.75 of what was before, at every frame)."""

from types import SimpleNamespace
from typing import Any, Protocol

import numpy as np

from scripts.time_paths.clips import Map, Picture
from workers.steady import Settings
from workers.steady.nearness import Nearness
from workers.worker import Host


class Rule(Protocol):
    """Inverse depth float32[h, w] of a frame uint8[h, w, 3], captured at `now` s → nearness float32[h, w]."""

    def __call__(self, picture: Picture, inverse_depth: Map, now: float) -> Map: ...


class PerPixelAverage:
    """Min and max of each frame, then every pixel an exponential average."""

    def __init__(self, keep: float = 0.9) -> None:
        self._keep = keep
        self._before: Map | None = None

    def __call__(self, picture: Picture, inverse_depth: Map, now: float) -> Map:
        low, high = float(inverse_depth.min()), float(inverse_depth.max())
        nearness = (inverse_depth - low) / max(high - low, 1e-9)
        if self._before is not None:
            nearness = self._keep * self._before + (1 - self._keep) * nearness
        self._before = nearness
        return nearness


class RangeAverage:
    """Min and max as exponential averages; each pixel as it is."""

    def __init__(self, keep: float = 0.75) -> None:
        self._keep = keep
        self._range: Any = None

    def __call__(self, picture: Picture, inverse_depth: Map, now: float) -> Map:
        found = np.array([inverse_depth.min(), inverse_depth.max()])
        self._range = found if self._range is None else self._keep * self._range + (1 - self._keep) * found
        low, high = self._range
        return np.asarray(np.clip((inverse_depth - low) / max(high - low, 1e-9), 0, 1), np.float32)


class Steady:
    """The worker itself, as its process calls it, with the settings of the house."""

    def __init__(self, sync: str = "exact", **settings: Any) -> None:
        sections = SimpleNamespace(
            steady=Settings(**{"border_percent": 0.0, "find_overlay": False} | settings),
            depth=SimpleNamespace(sync=sync),
            stereo=SimpleNamespace(convergence=0.5),
        )
        host = Host(busy=_no_host, tell=_no_host, threads=1)
        self.worker, self._number = Nearness(sections, host), 0

    def __call__(self, picture: Picture, inverse_depth: Map, now: float) -> Map:
        self.see(picture, now)
        found = self.map(inverse_depth, self._number, now)
        assert found is not None
        return found

    def see(self, picture: Picture, now: float) -> Map | None:
        """The next frame; the map that the worker makes for it, if it does."""
        self._number += 1
        slot = Slot()
        return slot.values if self.worker.follow(_lease(picture, self._number, now), True, slot) else None

    def map(self, inverse_depth: Map, number: int, now: float) -> Map | None:
        """The network's map of frame `number`, captured at `now`."""
        slot = Slot()
        return slot.values if self.worker.process(_lease(inverse_depth, number, now), slot) else None

    @property
    def number(self) -> int:
        """Of the newest frame."""
        return self._number


class Slot:
    """Memory where the worker expects a ring's."""

    values: Any = None

    def view(self, shape: tuple[int, ...], dtype: Any = np.uint8) -> Any:
        self.values = np.empty(shape, dtype)
        return self.values


def _lease(values: Any, number: int, now: float) -> Any:
    source = SimpleNamespace(seq=number)
    return SimpleNamespace(frame=values, info=SimpleNamespace(t_capture=int(now * 1e9), source=source))


def _no_host(*arguments: Any, **more: Any) -> Any:
    raise AssertionError("the steady worker asks nothing of its process")
