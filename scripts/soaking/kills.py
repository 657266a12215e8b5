"""Workers killed or stopped at random, never so often that one stays off: all must be back each time."""

import random
import signal
import time
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil

from pipeline.attach import Onlooker
from pipeline.managed import DEATHS, WINDOW
from pipeline.stats import Figures, Observer
from scripts.soaking import supervised
from scripts.soaking.footprint import Footprint, settled
from scripts.soaking.growing import Settings
from scripts.soaking.holding import read_notes
from scripts.soaking.launching import Launched, say, until
from scripts.soaking.leavings import OLD, old_leases, stop_and_check
from scripts.soaking.report import Result, SoakError, Table
from scripts.soaking.watching import all_live, check_zero, counts, wait_until_running

WIDTH, HEIGHT, FPS, HOLD = 640, 360, 60, 0.02
KINDS = {"killed": 0.5, "stopped": 0.2, "two killed": 0.15, "killed twice": 0.15}  # how often each
START_SECONDS = 0.5  # of its successor, in which one that is "killed twice" is killed again
BACK_LIMIT, LEASE_LIMIT = 40.0, 10.0  # seconds; watchdogs, the machine may be busy
SPEED_SECONDS = 0.5
LAST_RING = "picture"


@dataclass(frozen=True)
class Blow:
    """`seconds` until all was back; `fps` of the last ring then, by distinct frames."""

    at: float
    kind: str
    victims: tuple[str, ...]
    seconds: float
    fps: float
    leases: str
    descriptors: int


class Deaths:
    """When each worker died at our hands."""

    def __init__(self) -> None:
        self._times: dict[str, list[float]] = defaultdict(list)

    def note(self, names: tuple[str, ...]) -> None:
        for name in names:
            self._times[name].append(time.monotonic())

    def may_die(self, name: str, times: int) -> bool:
        """Without that it would stay off. One that is stopped dies later than it was hit."""
        recent = [moment for moment in self._times[name] if time.monotonic() - moment < WINDOW + 10]
        return len(recent) + times < DEATHS

    def count(self, name: str) -> int:
        return len(self._times[name])


@dataclass
class Watch:
    """A launcher, those who look at it, and what was done to it."""

    launched: Launched
    observer: Observer
    onlooker: Onlooker
    begin: float = field(default_factory=time.monotonic)
    blows: list[Blow] = field(default_factory=list)
    deaths: Deaths = field(default_factory=Deaths)

    def strike(self, seconds: float, every: float) -> None:
        """Hit again and again."""
        following = self.begin
        while following < self.begin + seconds:
            time.sleep(max(0.0, following - time.monotonic()))
            following = time.monotonic() + every * random.uniform(0.5, 1.5)
            say(f"kills: {time.monotonic() - self.begin:.0f} of {seconds:.0f} s, {len(self.blows)} so far")
            (kind,) = random.choices([*KINDS], [*KINDS.values()])
            figures = self.observer.figures()
            victims = self._victims(figures, kind)
            if victims:
                self.blows.append(self._blow(kind, victims, figures))

    def _victims(self, figures: Figures, kind: str) -> list[Figures]:
        times = 2 if kind == "killed twice" else 1
        mortal = [worker for worker in figures["workers"] if self.deaths.may_die(worker["name"], times)]
        random.shuffle(mortal)
        return mortal[: 2 if kind == "two killed" else 1]

    def _blow(self, kind: str, victims: list[Figures], before: Figures) -> Blow:
        """Hit, and wait until all is as it was."""
        at, known = time.monotonic(), self._children()
        names = dead = tuple(victim["name"] for victim in victims)
        for victim in victims:
            self._hit(victim["pid"], signal.SIGSTOP if kind == "stopped" else signal.SIGKILL)
        if kind == "killed twice":
            self._hit_successor(known)
            dead *= 2
        self.deaths.note(dead)
        restarts = {worker["name"]: worker["restarts"] for worker in before["workers"]}
        starts = {name: count + dead.count(name) for name, count in restarts.items()}
        return Blow(
            at=at - self.begin,
            kind=kind,
            victims=names,
            seconds=self._until_back(starts, f"{'+'.join(names)} {kind}") - at,
            fps=self._speed(),
            leases=self._leaked(),
            descriptors=_launcher(self.launched).descriptors,
        )

    def _children(self) -> set[int]:
        return {process.pid for process in psutil.Process(self.launched.pid).children()}

    def _hit(self, pid: int, sign: signal.Signals) -> None:
        process = psutil.Process(pid)
        if process.ppid() != self.launched.pid:
            raise SoakError(f"process {pid} is not the launcher's")
        process.send_signal(sign)

    def _hit_successor(self, known: set[int]) -> None:
        """At some moment of its start."""

        def started() -> int | None:
            return next(iter(self._children() - known), None)

        pid = until(started, "a successor starts", BACK_LIMIT, every=0.01)
        time.sleep(random.uniform(0, START_SECONDS))
        self._hit(pid, signal.SIGKILL)

    def _until_back(self, starts: dict[str, int], blow: str) -> float:
        """When a new picture came after all workers ran again and all rings were live."""
        seq = until(lambda: self._all_back(starts), f"all are back after {blow}", BACK_LIMIT, every=0.03)
        until(lambda: self._seq() > seq, f"pictures come again after {blow}", BACK_LIMIT, every=0.02)
        return time.monotonic()

    def _all_back(self, starts: dict[str, int]) -> int | None:
        """The newest picture's number, once all have been started so often, and run."""
        self.launched.check_alive()
        figures = self.observer.figures()
        failed = [worker["name"] for worker in figures["workers"] if worker["state"] == "failed"]
        if failed:
            raise SoakError(f"{', '.join(failed)} stays off, and was killed less than {DEATHS} times")
        started = all(worker["restarts"] >= starts[worker["name"]] for worker in figures["workers"])
        return max(1, _last_ring(figures)["seq"]) if started and all_live(figures) else None

    def _seq(self) -> int:
        return int(_last_ring(self.observer.figures())["seq"])

    def _speed(self) -> float:
        """Distinct pictures a second."""
        first, begin = self._seq(), time.monotonic()
        time.sleep(SPEED_SECONDS)
        return (self._seq() - first) / (time.monotonic() - begin)

    def _leaked(self) -> str:
        """Leases that stay out although pictures go on."""
        time.sleep(OLD - SPEED_SECONDS)
        end = time.monotonic() + LEASE_LIMIT
        while (found := old_leases(self.onlooker)) and time.monotonic() < end:
            time.sleep(0.1)
        return "; ".join(found)


def fill(result: Result, folder: Path, seconds: float, every: float) -> None:
    still = Settings(WIDTH, HEIGHT, WIDTH, HEIGHT, steps=0, first_seconds=0.0, seconds=0.0)
    notes = folder / "notes"
    with (
        Launched(folder, supervised.arguments(still, HOLD, FPS, notes)) as launched,
        closing(launched.observer()) as observer,
        closing(Onlooker(launched.pid)) as onlooker,
    ):
        wait_until_running(launched, observer)
        before = _launcher(launched)
        watch = Watch(launched, observer, onlooker)
        try:
            watch.strike(seconds, every)
        finally:
            _report(result, watch.blows)
        _check(result, watch, before)
        stop_and_check(result, launched)
    result.check_none("pictures that were not whole", [n["fault"] for n in read_notes(notes) if "fault" in n])


def _report(result: Result, blows: list[Blow]) -> None:
    rows = [
        (f"{blow.at:.1f}", blow.kind, "+".join(blow.victims), blow.seconds, blow.fps, blow.descriptors)
        for blow in blows
    ]
    heads = ("at s", "what", "worker", "back after s", "fps then", "launcher's fds")
    result.tables.append(Table("blows", heads, rows))
    kinds = [
        (kind, len(seconds), float(np.median(seconds)), max(seconds))
        for kind in KINDS
        if (seconds := [blow.seconds for blow in blows if blow.kind == kind])
    ]
    result.tables.append(Table("seconds until all was back", ("worker", "times", "median", "longest"), kinds))


def _check(result: Result, watch: Watch, before: Footprint) -> None:
    blows, figures, after = watch.blows, watch.observer.figures(), _launcher(watch.launched)
    slowest = max((blow.seconds for blow in blows), default=0.0)
    result.check("all came back each time", bool(blows), f"{len(blows)} times, at most {slowest:.1f} s")
    result.check_none("times without new pictures", [blow.at for blow in blows if blow.fps <= 0])
    result.check_none("leases that nobody gives back", [blow.leases for blow in blows if blow.leases])
    restarts = {worker["name"]: worker["restarts"] for worker in figures["workers"]}
    deaths = {name: watch.deaths.count(name) for name in restarts}
    result.check("nobody died but by our hands", restarts == deaths, counts(figures["workers"], "restarts"))
    check_zero(result, figures["rings"], "no_slot")
    more = (after.descriptors - before.descriptors, after.segment_mappings - before.segment_mappings)
    text = f"descriptors {more[0]:+d}, mapped segments {more[1]:+d}"
    result.check("the launcher holds what it held before", more == (0, 0), text)
    result.notes.append(f"frames whose source was gone: {counts(figures['workers'], 'lost')}")


def _launcher(launched: Launched) -> Footprint:
    return settled({"launcher": launched.pid})["launcher"]


def _last_ring(figures: Figures) -> Figures:
    return next(ring for ring in figures["rings"] if ring["name"] == LAST_RING)
