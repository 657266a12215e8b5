"""What the observer's figures say of a launcher as a whole."""

from collections.abc import Iterable

from pipeline.stats import Figures, Observer
from scripts.soaking.launching import START_LIMIT, Launched, until
from scripts.soaking.report import Result


def wait_until_running(launched: Launched, observer: Observer) -> None:
    """All workers run and all rings have frames. Raises SoakError."""

    def look() -> bool:
        launched.check_alive()
        figures = observer.figures()
        return all_live(figures) and all(ring["fps"] for ring in figures["rings"])

    until(look, "all workers run and all rings have frames", START_LIMIT, every=0.2)


def all_live(figures: Figures) -> bool:
    workers, rings = figures["workers"], figures["rings"]
    return all(w["state"] == "running" for w in workers) and all(r["state"] == "live" for r in rings)


def processes(figures: Figures) -> dict[str, int]:
    """Name → process id of the launcher and its workers."""
    workers = {worker["name"]: worker["pid"] for worker in figures["workers"] if worker["pid"]}
    return {"launcher": figures["launcher"]["pid"], **workers}


def check_zero(result: Result, rows: Iterable[Figures], key: str) -> None:
    """A figure that has to be 0 for every ring or worker."""
    result.check_none(key, [f"{row['name']} {row[key]}" for row in rows if row[key]])


def counts(rows: Iterable[Figures], key: str) -> str:
    return ", ".join(f"{row['name']} {row[key]}" for row in rows)
