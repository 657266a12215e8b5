"""Claps and flashes at one time, by every way that a stream goes: how far apart they are for the players."""

import time
from contextlib import closing
from pathlib import Path

import av

from scripts.bench_live import all_run
from scripts.soaking.claps import MOST, spread
from scripts.soaking.launching import START_LIMIT, Launched, say, until
from scripts.soaking.report import Result, SoakError, Table
from scripts.soaking.watching import check_zero
from scripts.stream_paths.clapping import Recording, ways

WINDOW = 60.0  # seconds of a recording
LEAST = (
    0.15  # pairs a second: of a flash whose first picture a busy machine has dropped nobody knows the time
)
LOOK_EVERY = 0.5  # seconds

Found = dict[str, list[float]]


def fill(result: Result, folder: Path, seconds: float) -> None:
    with (
        ways(folder) as given,
        Launched(
            folder, ("-m", "scripts.soaking.clap_launch", "sinks=[stream, web]", *given.settings)
        ) as launched,
        closing(launched.observer()) as observer,
    ):
        until(lambda: all_run(observer), "all workers run", START_LIMIT)
        found: Found = {way: [] for way in given.addresses}
        left = seconds
        while left > 0:
            for way, some in _recorded(launched, given.addresses, folder, min(left, WINDOW)).items():
                found[way] += some
            left -= WINDOW
            say(f"stream_claps: {max(0.0, left):.0f} s to go")
        check_zero(result, observer.figures()["workers"], "restarts")
        launched.stop()
    _check(result, found, seconds)


def _recorded(launched: Launched, addresses: dict[str, str], folder: Path, seconds: float) -> Found:
    """Raises SoakError."""
    recording = Recording(addresses, folder, seconds)
    while not recording.ended:
        launched.check_alive()
        time.sleep(LOOK_EVERY)
    try:
        return recording.offsets()
    except (av.FFmpegError, OSError, RuntimeError) as error:
        raise SoakError(f"what was recorded does not play: {error}") from error


def _check(result: Result, found: Found, seconds: float) -> None:
    heads = ("way", "pairs", "least", "middle", "most")
    rows = [(way, len(off), *spread(off)) for way, off in found.items()]
    result.tables.append(Table("picture after sound, ms", heads, rows))
    for way, off in found.items():
        wanted = max(1, round(LEAST * seconds) - 3)
        result.check(f"{way}: at least {wanted} pairs", len(off) >= wanted, len(off))
        worst = max(map(abs, off), default=float("nan"))
        result.check(
            f"{way}: sound and picture are within {MOST:.0f} ms", worst <= MOST, f"at most {worst:.1f} ms"
        )
