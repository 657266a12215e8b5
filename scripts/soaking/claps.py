"""Claps and flashes at one time, recorded into files of a minute: how far apart they are in these."""

import time
from contextlib import closing
from pathlib import Path

import av

from pipeline.stats import Figures, Observer
from scripts.soaking.clap_offsets import offsets
from scripts.soaking.launching import START_LIMIT, Launched, say, until
from scripts.soaking.leavings import stop_and_check
from scripts.soaking.report import Result, SoakError, Table
from scripts.soaking.watching import check_zero

MOST = 40.0  # ms
MINUTES = 1.0  # in a file
LOOK_EVERY = 0.5  # seconds

Found = list[tuple[str, list[float]]]


def fill(result: Result, folder: Path, seconds: float) -> None:
    settings = (
        "sinks=file",
        "stereo.layout=half-sbs",
        f"file.path={folder}/claps.mp4",
        f"file.minutes={MINUTES}",
    )
    with (
        Launched(folder, ("-m", "scripts.soaking.clap_launch", *settings)) as launched,
        closing(launched.observer()) as observer,
    ):
        until(lambda: [*folder.glob("*.mp4")], "a file is there", START_LIMIT)
        until(lambda: all(one["received"] for _, one in _readers(observer)), "the file has all", START_LIMIT)
        before = _dropped(observer)  # sound of before anybody wrote it
        found = _measured(launched, folder, seconds)
        figures = observer.figures()
        check_zero(result, figures["workers"], "restarts")
        lost = {ring: count - before[ring] for ring, count in _dropped(observer).items()}
        missed = [f"{count} of {ring}" for ring, count in lost.items() if count]
        result.check_none("packets that the file has missed", missed)
        stop_and_check(result, launched)
    found += [_offsets_in(file) for file in _files(folder)]
    _check(result, found, seconds)


def _measured(launched: Launched, folder: Path, seconds: float) -> Found:
    """Of the files that are finished meanwhile, which are not kept."""
    end, found = time.monotonic() + seconds, Found()
    while time.monotonic() < end:
        launched.check_alive()
        say(f"claps: {max(0.0, end - time.monotonic()):.0f} s to go, {len(found)} files looked at")
        for file in _files(folder)[:-2]:  # the last is being written, the one before may wait for its sound
            found.append(_offsets_in(file))
            file.unlink()
        time.sleep(LOOK_EVERY)
    return found


def _offsets_in(file: Path) -> tuple[str, list[float]]:
    """Raises SoakError."""
    try:
        return file.name, offsets(file)
    except av.FFmpegError as error:
        raise SoakError(f"{file.name}, of {file.stat().st_size} bytes, does not play: {error}") from error


def _files(folder: Path) -> list[Path]:
    """In the order in which they were begun."""
    return sorted(folder.glob("*.mp4"), key=lambda file: int(file.stem.partition("-")[2] or 1))


def _dropped(observer: Observer) -> dict[str, int]:
    return {ring: reader["dropped"] for ring, reader in _readers(observer)}


def _readers(observer: Observer) -> list[tuple[str, Figures]]:
    """The file's, each with the name of its ring."""
    rings = {ring["name"]: ring for ring in observer.figures()["rings"]}
    return [(name, reader) for name in ("packets", "audio") for reader in rings[name]["readers"]]


def _check(result: Result, found: Found, seconds: float) -> None:
    rows = [(name, len(off), *spread(off)) for name, off in found]
    result.tables.append(Table("picture after sound, ms", ("file", "pairs", "least", "middle", "most"), rows))
    every = [off for _, some in found for off in some]
    wanted = round(0.5 * seconds) - 2  # on a busy machine not every flash has its first picture
    result.check(f"at least {wanted} pairs", len(every) >= wanted, len(every))
    worst = max(map(abs, every), default=float("nan"))
    result.check(f"sound and picture are within {MOST:.0f} ms", worst <= MOST, f"at most {worst:.1f} ms")


def spread(off: list[float]) -> tuple[float | None, ...]:
    ordered = sorted(off)
    return (ordered[0], ordered[len(ordered) // 2], ordered[-1]) if ordered else (None, None, None)
