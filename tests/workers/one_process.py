"""Workers on real rings in one process: what the launcher does with many, without the many."""

import importlib
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pipeline.control import Channel
from pipeline.graph import Plan, make_plan
from pipeline.settings import load
from shm.board import Board, LineStats
from shm.lease import Lease
from shm.ring import Ring, RingReader
from workers.worker import Link, Step, Worker, implementation_in

REPO = Path(__file__).parents[2]
SMALL = ("scene.width=320", "scene.height=180", "scene.balls=3")


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


@contextmanager
def row(*overrides: str) -> Iterator[Row]:
    """The line of the default settings, opened, with its sink's place free for the test."""
    plan = make_plan(load(REPO / "settings.yaml", overrides=[*SMALL, *overrides]))
    rings = {spec.name: Ring.create(spec) for spec in plan.rings}
    board = Board.create(len(plan.workers))
    seats, ends = {}, list[Channel | socket.socket]()
    for number, planned in enumerate(plan.workers):
        if planned.name == "null":
            continue
        line = board.line(number)
        ours, theirs = Channel.pair()
        control = Channel(theirs)
        ends += [ours, control]
        kind = implementation_in(importlib.import_module(planned.implementation))
        worker = kind(SimpleNamespace(**planned.settings), line.busy)
        link = Link(
            line=line,
            control=control,
            reader=rings[planned.reads].reader(planned.name).open() if planned.reads else None,
            joined=rings[planned.joins].reader(planned.name).open() if planned.joins else None,
            joined_for_others=planned.joins_for_others,
            writers={ring: rings[ring].writer().open() for ring in planned.writes},
        )
        worker.open()
        seats[planned.name] = Seat(Step(worker, link), line, ours)
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
