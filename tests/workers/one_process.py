"""Workers on real rings in one process: what the launcher does with many, without the many."""

import importlib
import logging
import socket
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pipeline.control import Channel
from pipeline.graph import Plan, make_plan
from pipeline.settings import load
from shm.board import Board, LineStats
from shm.layout import RingSpec
from shm.lease import Lease, OpenSlot
from shm.ring import Ring, RingReader
from workers.worker import Host, Link, Step, Worker, implementation_in

REPO = Path(__file__).parents[2]
SMALL = (
    "sinks=[null]",
    "capture.source=scene",
    "scene.width=320",
    "scene.height=180",
    "scene.balls=3",
    "depth.model=true",
    "stereo.layout=rgb+depth",
)


@dataclass
class Seat:
    """One worker, ready to step."""

    step: Step
    line: Any
    channel: Channel

    @property
    def worker(self) -> Worker:
        return self.step.worker

    def stats(self) -> LineStats:
        stats: LineStats = self.line.read()
        return stats


@dataclass
class Row:
    """A plan's rings and workers, all in this process. `last` reads the last ring as its sink would."""

    plan: Plan
    rings: dict[str, Ring]
    seats: dict[str, Seat]
    last: RingReader

    def step(self, *names: str) -> None:
        """One step each, the sources first."""
        for name in names or self.seats:
            self.seats[name].step.once(0)

    def picture(self) -> Lease:
        """The next picture, stepping until there is one."""
        for _ in range(1000):
            lease = self.last.lease()
            if lease is not None:
                return lease
            self.step()
        raise AssertionError("no picture in a thousand rounds")


def host(told: list[dict[str, Any]] | None = None) -> Host:
    """What a worker without a process has around it; what it tells goes into the list."""
    said = told if told is not None else []

    def busy(what: str, limit: float) -> AbstractContextManager[None]:
        return nullcontext()

    def tell(kind: str, **what: Any) -> None:
        said.append({"kind": kind, **what})

    return Host(busy, tell, 1)


def patient_host(asked: list[str]) -> Host:
    """What the supervisor is asked to be patient for goes into the list."""

    @contextmanager
    def busy(what: str, limit: float) -> Iterator[None]:
        asked.append(what)
        yield

    return replace(host(), busy=busy)


def open_slot(nbytes: int, filled_with: int = 0) -> OpenSlot:
    """One without a ring around it."""
    return OpenSlot(RingSpec("test", 2, nbytes, ()), 0, memoryview(bytearray([filled_with]) * nbytes))


def telling(control: Channel) -> Callable[..., None]:
    """As a worker process tells the launcher."""

    def tell(kind: str, **what: Any) -> None:
        control.send({"kind": kind, **what})

    return tell


@contextmanager
def row(*overrides: str, without: Collection[str] = ()) -> Iterator[Row]:
    """The line of a small scene, opened, with its sink's place (and those of `without`) free for the test."""
    plan = make_plan(load(REPO / "settings.yaml", overrides=[*SMALL, *overrides]))
    rings = {spec.name: Ring.create(spec) for spec in plan.rings}
    board = Board.create(len(plan.workers))
    seats, ends = {}, list[Channel | socket.socket]()
    for number, planned in enumerate(plan.workers):
        if planned.name in ("null", *without):
            continue
        line = board.line(number)
        ours, theirs = Channel.pair()
        control = Channel(theirs)
        ends += [ours, control]
        kind = implementation_in(importlib.import_module(planned.implementation))
        settings = SimpleNamespace(**planned.settings)
        worker = kind(settings, Host(line.busy, telling(control), planned.threads))
        link = Link(
            line=line,
            control=control,
            reader=rings[planned.reads].reader(planned.name).open() if planned.reads else None,
            followers=tuple(rings[ring].reader(planned.name).open() for ring in planned.follows),
            joined=rings[planned.joins].reader(planned.name).open() if planned.joins else None,
            joined_for_others=planned.joins_for_others,
            writers={ring: rings[ring].writer().open() for ring in planned.writes},
        )
        worker.open()
        seats[planned.name] = Seat(Step(worker, link, worker.wiring(settings)), line, ours)
    try:
        yield Row(plan, rings, seats, rings["picture"].reader("null").open())
    finally:
        logging.getLogger().setLevel(logging.WARNING)
        for end in ends:
            with suppress(OSError):
                end.close()
        del seats
        for ring in rings.values():
            ring.close()
        board.close()
