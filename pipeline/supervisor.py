"""Decides which workers run: starts, watches, restarts and stops them; owns every segment and socket.

Death is decided by the wait on the process, never by a time-out. A worker whose beat is too old is killed,
which makes it dead; then what it left in shared memory is cleared and, after a back-off, it starts again.
"""

import dataclasses
import logging
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline import child
from pipeline.control import ControlError, Message, is_sound
from pipeline.crew import Crew, NotStarted
from pipeline.graph import Plan, WorkerPlan
from pipeline.leash import leash_all_workers
from pipeline.managed import DEATHS, WINDOW, Managed, State
from pipeline.open_files import need_open_files
from pipeline.rings import Rings
from pipeline.settings import live_value
from pipeline.states import looked_at, sinks, tell_states, what_is_missing
from shm import layout
from shm.board import Board
from shm.layout import RingSpec
from shm.ring import Ring
from shm.segment import Segment

HUNG = 5.0  # seconds without a beat
HUNG_OFFLINE = 600.0  # the same where nobody waits for a frame, and a large network may take long for one
PAUSED = 1.0  # the launcher itself was away for so long: one round of health checks is forgiven
ROUND = 0.1  # seconds between rounds
CHECK_RINGS_EVERY = 0.5
UNREAPED = 3.0  # seconds after SIGKILL

log = logging.getLogger("stereoring.launcher")


@dataclass(frozen=True)
class Transition:
    """What it takes to go over to another plan; the memory for it is there."""

    plans: dict[str, WorkerPlan]
    leaving: list[Managed]
    changed: set[str]
    wanted: list[RingSpec]
    made: list[Ring]

    @property
    def restarting(self) -> list[str]:
        return [worker.name for worker in self.leaving if worker.name in self.plans]


class NoSuchSetting(Exception):
    """No worker has it; names it."""


class Supervisor:
    """Runs a plan until it is told to stop. Raises GraphError or NoMemory before anything starts.

    `all_or_nothing`: no worker is started again, for frames would be lost or doubled; the first death ends
    it. `hopeless` says then that it would happen again.
    """

    def __init__(self, plan: Plan, log_level: int = logging.INFO, all_or_nothing: bool = False) -> None:
        self._all_or_nothing, self.hopeless = all_or_nothing, False
        leash_all_workers()
        need_open_files(plan)
        self.rings = Rings(plan)
        self._crew = Crew(plan, self.rings, log_level, self._handle)
        self.stop_requested = False
        self.exit_code = 0
        self._looked_at: frozenset[str] | None = None
        self._last_round = self._last_check = time.monotonic()
        self._fresh_start = 0

    def run(self, every_round: Callable[[], None] = lambda: None) -> int:
        """Until `stop_requested`, or nothing is left to run. Returns the exit code; leaves nothing behind.

        `every_round` is called ten times a second.
        """
        try:
            for worker in self.workers.values():
                self._start(worker)
            while not self.stop_requested:
                self._round()
                every_round()
        finally:
            self.close()
        return self.exit_code

    def close(self) -> None:
        """Stop everything within 2 s, the last in the line first, and let go of all memory."""
        self._crew.stop(list(self.workers.values()))
        self.rings.close()
        self.board.close()

    @property
    def workers(self) -> dict[str, Managed]:
        """All of the plan, by name."""
        return self._crew.workers

    @property
    def board(self) -> Board:
        return self._crew.board

    @property
    def left_behind(self) -> bool:
        """There are processes that the system cannot end."""
        return any(worker.alive for worker in self._crew.everybody)

    def describe(self) -> dict[str, Any]:
        """What an onlooker cannot read from the segments, as data that JSON can carry."""
        return {
            "launcher": os.getpid(),
            "workers": [
                {
                    "name": worker.name,
                    "row": worker.row,
                    "state": worker.state.value,
                    "restarts": worker.restarts,
                    "threads": worker.plan.threads,
                }
                for worker in self._crew.everybody
            ],
            "rings": [ring.spec.to_json() for ring in self.rings.by_name.values()],
            "board_rows": self.board.rows,
        }

    def segments(self) -> list[Segment]:
        """The board's and the rings' (in the order of `describe`)."""
        return [self.board.segment, *(ring.segment for ring in self.rings.by_name.values())]

    def set_everywhere(self, section: str, values: Mapping[str, Any]) -> None:
        """Change live settings of a section in every worker that sees it, all at once: some make sense only
        together. Those that start later get them too."""
        for worker in self.workers.values():
            if section in worker.plan.settings:
                changed = dataclasses.replace(worker.plan.settings[section], **values)
                settings = worker.plan.settings | {section: changed}
                worker.plan = dataclasses.replace(worker.plan, settings=settings)
                message = {"kind": "settings", "section": section, "values": dict(values)}
                self._crew.tell(worker, message, f"{section}.{','.join(sorted(values))}")
        self._ask_again(somebody_new=False)

    def setting(self, section: str, key: str) -> Any:
        """As it is now. Raises NoSuchSetting."""
        for worker in self.workers.values():
            if hasattr(worker.plan.settings.get(section), key):
                return getattr(worker.plan.settings[section], key)
        raise NoSuchSetting(f"{section}.{key}")

    def processes(self) -> list[int]:
        """Ids of the launcher and of all workers that run."""
        return [os.getpid(), *self._crew.processes()]

    def recentre(self) -> None:
        """Tell the sinks whose picture hangs in space to bring it before the eyes."""
        for worker in sinks(self.workers.values()):
            self._crew.tell(worker, {"kind": "recentre"}, "recentre")

    def set_log_level(self, level: int) -> None:
        """For all workers, those that start later too."""
        self._crew.log_level = level
        for worker in self.workers.values():
            self._crew.tell(worker, {"kind": "log_level", "level": level}, "log_level")

    def replace(self, plan: Plan, restart: Iterable[str]) -> list[str]:
        """Go over to another plan: stop what it lacks, restart `restart` and the users of changed rings,
        start what is new. Returns the names of those that restart. Raises GraphError or NoMemory."""
        transition = self.prepare(plan, restart)
        self.go_over(transition)
        return transition.restarting

    def prepare(self, plan: Plan, restart: Iterable[str]) -> "Transition":
        """All of `replace` that may fail; what follows is `go_over`. Raises GraphError or NoMemory."""
        need_open_files(plan)
        new = {worker.name: worker for worker in plan.workers}
        specs = {spec.name: spec for spec in plan.rings}
        changed = {name for name, spec in self.rings.planned.items() if specs.get(name) != spec}
        wanted = [spec for name, spec in specs.items() if self.rings.planned.get(name) != spec]
        made = self.rings.make(wanted)
        leaving = [
            worker
            for name, worker in self.workers.items()
            if name not in new
            or name in restart
            or not worker.plan.can_become(new[name])
            or changed & set(worker.plan.rings)
        ]
        return Transition(new, leaving, changed, wanted, made)

    def go_over(self, to: "Transition") -> None:
        self._crew.stop(to.leaving)
        for worker in to.leaving:
            if worker.alive:
                self._leave_behind(worker)
            if worker.state is not State.STOPPED:
                worker.turn_off()
        for name in to.changed:
            self.rings.remove(name)
        self.rings.put_in_use(to.wanted, to.made)
        self._crew.seat(to.plans)
        for worker in self.workers.values():
            if worker.state is State.OFF:
                self._start(worker)

    def start_worker(self, name: str) -> None:
        """One that the user has stopped, that has failed or that waits; its deaths are forgotten."""
        worker = self.workers[name]
        if not worker.alive:
            worker.turn_off()
            self._start(worker)

    def stop_worker(self, name: str) -> None:
        """Until it is started by `start_worker`; what it writes is away meanwhile."""
        worker = self.workers[name]
        self._crew.stop([worker])
        if worker.alive:
            self._leave_behind(worker)
        worker.state = State.STOPPED

    def _start(self, worker: Managed) -> None:
        """A process that the system does not give us counts as one that died."""
        try:
            self._crew.start(worker)
        except NotStarted as error:
            self._decide_restart(worker, f"could not be started ({error})", time.monotonic())

    def _round(self) -> None:
        self._crew.wait(ROUND)
        now = time.monotonic()
        for worker in self.workers.values():
            self._crew.listen(worker)
            self._see_if_dead(worker, now)
            if worker.state is State.WAITING and now >= worker.restart_at:
                worker.restarts += 1
                self._start(worker)
        self._crew.reap_those_left_behind()
        if now - self._last_round > PAUSED:
            log.warning("the launcher was away for %.1f s; workers get a fresh start", now - self._last_round)
            self._fresh_start = time.perf_counter_ns()
        self._check_health()
        self._last_round = time.monotonic()
        self._tend_rings(now)
        tell_states(self.workers.values(), self.rings)
        self._put_to_sleep()
        self._end_if_over()

    def _end_if_over(self) -> None:
        what = what_is_missing(self.workers.values())
        if what is not None and not self.stop_requested:
            log.info("no %s is left", what)
            failed = any(worker.state is State.FAILED for worker in self.workers.values())
            self.exit_code, self.stop_requested = int(failed), True

    def _handle(self, worker: Managed, message: Message) -> None:
        kind = message["kind"]
        if not is_sound(message, worker.plan.rings, worker.plan.writes):
            raise ControlError(f"{message}"[:200])
        if kind == "log":
            level, created = message["level"], message["time"]
            record = logging.makeLogRecord(
                {"name": f"stereoring.{worker.name}", "levelno": level, "msg": message["text"]}
                | {"levelname": logging.getLevelName(level)}
                | {"created": created, "msecs": int(created % 1 * 1000)}
            )
            logging.getLogger(record.name).handle(record)
        elif kind == "ready":
            worker.became_ready(time.monotonic())
            self._crew.tell(worker, {"kind": "asleep", "value": self._sleeps(worker)}, "asleep")
        elif kind == "away":
            worker.away = True
        elif kind == "looking":
            self._look(worker, frozenset(map(str, message["rings"])))
        elif kind == "again":
            self._ask_again(somebody_new=True)
        elif kind == "set":
            self._set(worker, message["section"], message["key"], message["value"])
        elif kind == "quit":
            log.info("%s: %s", worker.name, message["why"])
            self.stop_requested = True
        elif kind == "too_large":
            self.rings.wish_larger(message["ring"], message["nbytes"])
        elif kind == "corrupt" and worker.killed_at is None:  # or it speaks of a segment that is gone
            self._renew(message["ring"])

    def _look(self, worker: Managed, rings: frozenset[str]) -> None:
        """Who joins others needs a picture, too: of a still screen none would come before something moves."""
        before, worker.looks_at = worker.looks_at, rings & frozenset(worker.plan.rings)
        if before is not None and worker.looks_at - before:
            self._ask_again(somebody_new=True)

    def _set(self, worker: Managed, section: str, key: str, value: object) -> None:
        """What a worker sets for all is checked as if it stood in the file."""
        try:
            checked = live_value(worker.plan.settings.get(section), key, value)
        except ValueError as error:
            raise ControlError(f"{section}.{key} cannot be {value!r}"[:200]) from error
        self.set_everywhere(section, {key: checked})

    def _see_if_dead(self, worker: Managed, now: float) -> None:
        if worker.process is not None and worker.process.exitcode is not None:
            self._crew.listen(worker)  # its last words
        code = worker.reap()
        if code is None:
            if worker.killed_at is not None and now - worker.killed_at > UNREAPED:
                self._leave_behind(worker)
                self._decide_restart(worker, "could not be ended", now)
            return
        self._crew.clean_up_after(worker)
        if self._all_or_nothing and code != 0:
            self._give_up(worker, child.how_it_ended(code))
            self.hopeless = code == child.CANNOT_WORK
        elif worker.restart_planned:
            worker.state, worker.restart_at = State.WAITING, now
        elif code == 0:
            worker.state = State.FINISHED
            log.info("%s has finished", worker.name)
        elif code == child.CANNOT_WORK:
            worker.state = State.FAILED
            log.error("%s stays off until its settings change", worker.name)
            self._end_what_waits_for(worker)
        else:
            self._decide_restart(worker, child.how_it_ended(code), now)

    def _give_up(self, worker: Managed, how: str) -> None:
        worker.state = State.FAILED
        log.error("%s %s", worker.name, how)
        self.exit_code, self.stop_requested = 1, True

    def _decide_restart(self, worker: Managed, how: str, now: float) -> None:
        if self._all_or_nothing:
            self._give_up(worker, how)
            return
        delay = worker.plan_restart(now)
        if delay is not None:
            log.warning("%s %s; restart in %.1f s", worker.name, how, delay)
            return
        log.error(
            "%s %s, the %dth time within %.0f s, and stays off; the rest goes on. Its log above says why.",
            *(worker.name, how, DEATHS, WINDOW),
        )
        self._end_what_waits_for(worker)

    def _end_what_waits_for(self, worker: Managed) -> None:
        """A writer waits for ever for one who reads every frame and stays off."""
        if worker.plan.mode == "every" and worker.plan.reads:
            log.error("the job cannot go on without %s and ends", worker.name)
            self.exit_code, self.stop_requested = 1, True

    def _check_health(self) -> None:
        now_ns, hung = time.perf_counter_ns(), HUNG_OFFLINE if self._all_or_nothing else HUNG
        for worker in self.workers.values():
            if not worker.alive or worker.killed_at is not None:
                continue
            line = self.board.line(worker.row)
            beat, busy_until = line.read_health()
            if now_ns > max(max(beat, self._fresh_start) + int(hung * 1e9), busy_until):
                doing = f" while {line.read().label!r}" if busy_until else ""
                log.error(
                    "%s has hung%s (no beat for %.1f s); killing it",
                    worker.name,
                    doing,
                    (now_ns - beat) / 1e9,
                )
                worker.kill()

    def _leave_behind(self, worker: Managed) -> None:
        self._crew.leave_behind(worker)
        for ring in worker.plan.rings:
            self._renew(ring)

    def _renew(self, ring: str) -> None:
        """A new segment for a ring whose words cannot be trusted; all its users start anew. For its writer
        that counts as a death: who spoils his ring again and again stays off in the end."""
        log.error("ring %s gets a new segment; its users restart", ring)
        self.rings.renew(ring)
        for worker in self.workers.values():
            if ring not in worker.plan.rings:
                continue
            if worker.alive:
                worker.restart_planned = ring not in worker.plan.writes
                worker.kill()
            elif worker.state is State.FAILED and ring in worker.plan.writes:
                self.rings[ring].set_state(layout.FAILED)

    def _tend_rings(self, now: float) -> None:
        grown = self.rings.grow()
        for ring in grown:
            self._crew.announce(ring)
        if grown:
            self._ask_again(somebody_new=True)  # what was too large is lost: a still screen, a video's packet
        self.rings.close_left()
        if now - self._last_check > CHECK_RINGS_EVERY:
            self._last_check = now
            for error in self.rings.check():
                log.error("%s", error)
                self._renew(error.ring)

    def _put_to_sleep(self) -> None:
        """Who writes nothing that somebody looks at."""
        workers = list(self.workers.values())
        looked, before = looked_at(workers), self._looked_at
        if looked == before:
            return
        if before is not None and bool(looked) != bool(before):
            log.info("somebody looks" if looked else "nobody looks; everything sleeps")
        slept = {worker.name for worker in workers if self._sleeps(worker)}
        self._looked_at = looked
        for worker in workers:
            if self._sleeps(worker) != (worker.name in slept):
                self._crew.tell(worker, {"kind": "asleep", "value": self._sleeps(worker)}, "asleep")
        if looked - (before or frozenset()):
            self._ask_again(somebody_new=True)

    def _sleeps(self, worker: Managed) -> bool:
        if not worker.plan.writes or self._looked_at is None:
            return False
        return self._looked_at.isdisjoint(worker.plan.writes)

    def _ask_again(self, somebody_new: bool) -> None:
        """Of a still screen no other frame would come. Only for `somebody_new` must one stand for itself."""
        for worker in self.workers.values():
            asked = somebody_new or not worker.plan.reads
            if asked and worker.plan.writes and not self._sleeps(worker):
                self._crew.tell(worker, {"kind": "again"}, "again")
