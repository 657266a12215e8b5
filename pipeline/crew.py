"""The processes of all workers: started, told things, ended; and what they leave in shared memory cleared.

What a death leads to is not decided here, but in supervisor.py.
"""

import errno
import logging
import os
import time
from collections.abc import Callable
from multiprocessing.connection import wait as wait_any
from typing import Any

from pipeline import child
from pipeline.control import Channel, ControlError, Message
from pipeline.graph import Plan, WorkerPlan
from pipeline.managed import Managed, State
from pipeline.rings import Rings
from shm.board import ABSENT, LINE_WORDS, OPENING, Board, Line
from shm.layout import WORD
from shm.ring import Ring

STOP_ALL, STOP_ONE, TERMINATE = 2.0, 0.3, 0.5  # seconds: for all, for one's turn, left for SIGKILL
BOARD_ROWS = 32

log = logging.getLogger("stereoring.launcher")


class NotStarted(Exception):
    """There is no process for a worker; says why."""


class Crew:
    """Each worker has a process, a channel and a line of the board. `handle` is given what each says, and
    raises ControlError where that is no message."""

    def __init__(
        self, plan: Plan, rings: Rings, log_level: int, handle: Callable[[Managed, Message], None]
    ) -> None:
        self.log_level = log_level
        self.board = Board.create(BOARD_ROWS)
        self.workers = {worker.name: Managed(worker, row) for row, worker in enumerate(plan.workers)}
        self._retired: list[Managed] = []
        self._rings, self._handle = rings, handle

    @property
    def everybody(self) -> list[Managed]:
        """Those who were left behind too."""
        return [*self.workers.values(), *self._retired]

    def processes(self) -> list[int]:
        """Their ids, without those left behind."""
        processes = (worker.process for worker in self.workers.values())
        return [process.pid for process in processes if process and process.pid]

    def seat(self, plans: dict[str, WorkerPlan]) -> None:
        """Give every planned worker a line of the board, where there is none that of a process left
        behind, and those who stay their new plan."""
        kept = {name: worker for name, worker in self.workers.items() if name in plans}
        free = set(range(self.board.rows)) - {worker.row for worker in [*kept.values(), *self._retired]}
        self.workers = {}
        for name, plan in plans.items():
            room = sorted(free) or [left.row for left in self._retired]
            worker = kept.get(name) or Managed(plan, room[0])
            free.discard(worker.row)
            worker.plan = plan
            self.workers[name] = worker

    def start(self, worker: Managed) -> None:
        """Raises NotStarted."""
        if not self._has_a_line(worker):
            raise NotStarted(f"beside {len(self._retired)} processes that were left behind")
        try:
            self._spawn(worker)
        except OSError as error:
            self.clean_up_after(worker)
            more = ", see `ulimit -n`" if error.errno == errno.EMFILE else ""
            raise NotStarted(f"{error.strerror}{more}") from error

    def wait(self, timeout: float) -> None:
        """Until a worker says something or dies."""
        sources: list[Any] = []
        for worker in self.workers.values():
            if worker.process is not None:
                sources.append(worker.process.sentinel)
            if worker.channel is not None and not worker.channel.closed:
                sources.append(worker.channel)
        wait_any(sources, timeout)

    def listen(self, worker: Managed) -> None:
        """Who says what is no message is killed."""
        if worker.channel is None or worker.channel.closed:
            return
        try:
            worker.channel.flush()
            for message, _ in worker.channel.receive():
                self._handle(worker, message)
        except ControlError as error:
            log.error("%s sends what is no message (%s); it is killed and started again", worker.name, error)
            worker.hang_up()
            worker.kill()

    def tell(self, worker: Managed, message: Message, key: str, fds: tuple[int, ...] = ()) -> None:
        """Of messages with the same key that wait to be sent the last one is enough."""
        if worker.channel is None:
            return
        try:
            worker.channel.send(message, fds, key)
        except (ControlError, OSError) as error:  # no descriptor is left
            log.error("%s: %s; it is killed and started again", worker.name, error)
            worker.kill()

    def announce(self, ring: Ring) -> None:
        """Send a new segment to everybody who has the old one."""
        message = {"kind": "segment", "spec": ring.spec.to_json(), "segment": ring.segment.to_json()}
        for worker in self.workers.values():
            if ring.spec.name in worker.plan.rings and worker.alive:
                self.tell(worker, message, f"segment {ring.spec.name}", ring.segment.fds)

    def stop(self, leaving: list[Managed]) -> None:
        """End these workers within 2 s: ask each in turn, the last in the line first; then insist."""
        end = time.monotonic() + STOP_ALL
        for worker in reversed(leaving):
            worker.ask_to_stop()
            turn = min(time.monotonic() + STOP_ONE, end - TERMINATE)
            while worker.alive and time.monotonic() < turn:
                self._drain_until(leaving, turn)
        self._drain_until(leaving, end - TERMINATE, all_of_them=True)
        for worker in leaving:
            if worker.alive:
                log.warning("%s does not stop when asked; killing it", worker.name)
                worker.kill()
        self._drain_until(leaving, end, all_of_them=True)

    def clean_up_after(self, worker: Managed) -> None:
        """The dead one's words are ours until its successor starts."""
        for ring in worker.plan.writes:
            self._rings.forget_writer(ring)
        for ring in filter(None, (worker.plan.reads, *worker.plan.follows, worker.plan.joins)):
            self._rings.forget_reader(ring, worker.name)
        line = self.board.line(worker.row)
        line.set_state(ABSENT)
        line.expect_nothing()

    def leave_behind(self, worker: Managed) -> None:
        """Killed, and the system does not end it (stuck in a driver): it may still write what it could. So
        its line is not used again, and its rings need new segments."""
        log.error(
            "%s (pid %s) does not end after SIGKILL; it is left behind, probably stuck in a driver",
            *(worker.name, worker.process and worker.process.pid),
        )
        stuck = Managed(worker.plan, worker.row)
        stuck.process, stuck.state = worker.process, State.RETIRED
        self._retired.append(stuck)
        worker.process = None
        worker.hang_up()
        worker.state, worker.killed_at = State.OFF, None

    def reap_those_left_behind(self) -> None:
        """The system may have ended them after all."""
        self._retired = [worker for worker in self._retired if worker.reap() is None]

    def _spawn(self, worker: Managed) -> None:
        plan = worker.plan
        channel, theirs = Channel.pair()
        line = self._empty_line(worker.row)
        line.enter(0, OPENING)
        line.expect("starting", child.OPEN_LIMIT)
        separate = None if plan.keeps_what_it_reads else plan.joins
        assignment = child.Assignment(
            name=plan.name,
            implementation=plan.implementation,
            settings=plan.settings,
            control=theirs,
            board=self.board.segment,
            board_rows=self.board.rows,
            board_row=worker.row,
            log_level=self.log_level,
            launcher_pid=os.getpid(),
            threads=plan.threads,
            reader=self._rings[plan.reads].reader(plan.name) if plan.reads else None,
            followers=tuple(self._rings[ring].reader(plan.name) for ring in plan.follows),
            joined=None if separate is None else self._rings[separate].reader(plan.name),
            joined_for_others=plan.joins_for_others,
            keeps_what_it_reads=plan.keeps_what_it_reads,
            writers={ring: self._rings[ring].writer() for ring in plan.writes},
        )
        worker.start(assignment, channel)

    def _empty_line(self, row: int) -> Line:
        """What somebody before has counted there is not the new one's."""
        nbytes = LINE_WORDS * WORD
        self.board.segment.buffer[row * nbytes : (row + 1) * nbytes] = bytes(nbytes)
        return self.board.line(row)

    def _has_a_line(self, worker: Managed) -> bool:
        """Of the board, that no other process has: one that was left behind keeps its own."""
        free = set(range(self.board.rows)) - {other.row for other in self.everybody if other is not worker}
        if free and worker.row not in free:
            worker.row = min(free)
        return bool(free)

    def _drain_until(self, leaving: list[Managed], deadline: float, all_of_them: bool = False) -> None:
        """Take last messages and reap, until something has ended (or all of them) or the deadline."""
        while any(worker.alive for worker in leaving) and time.monotonic() < deadline:
            sources: list[Any] = [worker.process.sentinel for worker in leaving if worker.process]
            wait_any(sources, max(0.0, deadline - time.monotonic()))
            ended = 0
            for worker in leaving:
                self.listen(worker)
                if worker.reap() is not None:
                    ended += 1
                    worker.state = State.OFF
                    self.clean_up_after(worker)
            if ended and not all_of_them:
                return
