"""The launcher as people start it, at 1080p60: does anything grow?"""

import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.stats import WINDOW, Figures
from scripts.soaking.footprint import Footprint, growth, rise, settled
from scripts.soaking.launching import SCENE, Launched, say, until
from scripts.soaking.leavings import stop_and_check
from scripts.soaking.report import Cell, Result, Table
from scripts.soaking.watching import check_zero, processes, wait_until_running

SETTINGS = (*SCENE, "scene.width=1920", "scene.height=1080", "capture.fps=60")
WARM_UP = 60.0  # seconds that may grow, or a third of a shorter run
FIRST_FRAMES = 120  # for which buffers are still made; on a busy machine they may take long
GROWTH_LIMIT = 1.0  # MB over the run
FEW_LOOKS_LIMIT = 6.0  # MB in a shorter one, whose line goes through a few looks: one may be amid a step
MAPPING_SLACK = 2  # an allocator may keep a piece more
EVERY = 1.0  # seconds


@dataclass
class Watched:
    """What was read, once a second."""

    times: list[float] = field(default_factory=list)
    footprints: dict[str, list[Footprint]] = field(default_factory=lambda: defaultdict(list))
    rings: dict[str, list[Figures]] = field(default_factory=lambda: defaultdict(list))
    last: Figures = field(default_factory=dict)

    def look(self, figures: Figures) -> None:
        self.times.append(time.monotonic())
        self.last = figures
        for name, held in settled(processes(figures)).items():
            self.footprints[name].append(held)
        for ring in figures["rings"]:
            self.rings[ring["name"]].append(ring)

    def after(self, seconds: float) -> "Watched":
        """Without the beginning."""
        first = next((i for i, now in enumerate(self.times) if now - self.times[0] >= seconds), 0)
        late = Watched(self.times[first:], last=self.last)
        late.footprints.update({name: values[first:] for name, values in self.footprints.items()})
        late.rings.update({name: values[first:] for name, values in self.rings.items()})
        return late


def fill(result: Result, folder: Path, seconds: float) -> None:
    arguments = ["launcher.py", "run", *(word for value in SETTINGS for word in ("--set", value))]
    with Launched(folder, arguments) as launched, closing(launched.observer()) as observer:
        wait_until_running(launched, observer)
        until(lambda: _least_frames(observer.figures()) > FIRST_FRAMES, "the first frames are made", 60.0)
        watched, begin = Watched(), time.monotonic()
        while (passed := time.monotonic() - begin) < seconds:
            say(f"steady: {passed:.0f} of {seconds:.0f} s")
            watched.look(observer.figures())
            time.sleep(EVERY)
        judge(result, watched, min(WARM_UP, seconds / 3))
        stop_and_check(result, launched)


def _least_frames(figures: Figures) -> int:
    return min(ring["seq"] for ring in figures["rings"])


def judge(result: Result, watched: Watched, warm_up: float) -> None:
    late = watched.after(warm_up)
    result.tables += [_process_table(late), _ring_table(late)]
    limit = GROWTH_LIMIT if warm_up == WARM_UP else FEW_LOOKS_LIMIT
    for name, values in late.footprints.items():
        grown, claim = growth(late.times, [value.rss for value in values]), "resident memory grows less than"
        result.check(f"{name}: {claim} {limit} MB", grown < limit, f"{grown:+.3f} MB")
    flutter = {name: rise([v.descriptors for v in values]) for name, values in late.footprints.items()}
    result.check("descriptors are flat", not any(flutter.values()), _signed(flutter))
    flutter = {name: rise([v.mappings for v in values]) for name, values in late.footprints.items()}
    result.check("mappings are flat", max(flutter.values()) <= MAPPING_SLACK, _signed(flutter))
    result.check_none(f"rings that stood still for {WINDOW:.0f} s", _still(late))
    check_zero(result, watched.last["rings"], "no_slot")
    check_zero(result, watched.last["workers"], "restarts")
    check_zero(result, watched.last["workers"], "lost")


def _still(watched: Watched) -> list[str]:
    """Rings without a new frame in the seconds that the observer looks back."""
    return [
        f"{name} at {ring['seq']}"
        for name, values in watched.rings.items()
        for ring in values
        if ring["fps"] == 0
    ]


def _process_table(watched: Watched) -> Table:
    heads = ("process", "rss", "pss", "uss", "shared", "rss +", "own +", "fds", "fds +", "maps", "maps +")
    rows: list[Sequence[Cell]] = []
    for name, values in watched.footprints.items():
        last = values[-1]
        memory = (last.rss, last.pss, last.uss, last.shared)
        added = [
            growth(watched.times, [getattr(value, key) for value in values]) for key in ("rss", "anonymous")
        ]
        fds, maps = [value.descriptors for value in values], [value.mappings for value in values]
        rows.append((name, *memory, *added, fds[-1], rise(fds), maps[-1], rise(maps)))
    seconds = watched.times[-1] - watched.times[0]
    return Table(f"MB, and what {seconds:.0f} s added (own: without shared pages and files)", heads, rows)


def _ring_table(watched: Watched) -> Table:
    seconds = watched.times[-1] - watched.times[0]
    rows = []
    for name, values in watched.rings.items():
        speeds = [value["fps"] for value in values if value["fps"]]
        mean = (values[-1]["seq"] - values[0]["seq"]) / seconds if seconds else None
        rows.append((name, mean, min(speeds, default=None), max(speeds, default=None), values[-1]["no_slot"]))
    return Table("frames per second", ("ring", "mean", "slowest 5 s", "fastest 5 s", "no slot"), rows)


def _signed(values: dict[str, int]) -> str:
    return ", ".join(f"{name} {value:+d}" for name, value in values.items())
