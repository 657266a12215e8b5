"""One worker as the supervisor sees it: its process, its control channel, its deaths."""

import logging
import os
import signal
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from multiprocessing import get_context, resource_tracker
from multiprocessing.context import SpawnProcess

from pipeline import child
from pipeline.control import Channel
from pipeline.graph import WorkerPlan
from pipeline.leash import Leash, run_leashed
from pipeline.where import stand_somewhere

BACKOFF_FIRST, BACKOFF_MOST = 0.1, 5.0  # seconds before a restart; they double
WELL = 5.0  # seconds that a worker has run; what it dies of then is not what it died of before
DEATHS, WINDOW = 5, 60.0  # so many deaths in so many seconds, and it stays off
KILLED = -9  # an exit code, as multiprocessing has it
_spawn = get_context("spawn")
log = logging.getLogger("stereoring.launcher")
_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "OPENCV_FOR_THREADS_NUM",
)


class State(StrEnum):
    """How a worker is. `WAITING`: for its restart; `STOPPED`: by the user; `RETIRED`: killed, and the system
    cannot end it."""

    OFF = "off"
    STARTING = "starting"
    RUNNING = "running"
    WAITING = "waiting"
    FAILED = "failed"
    FINISHED = "finished"
    STOPPED = "stopped"
    RETIRED = "retired"


class Managed:
    """Starts a worker's process and remembers how that went."""

    def __init__(self, plan: WorkerPlan, row: int) -> None:
        self.plan, self.row = plan, row
        self.state = State.OFF
        self.process: SpawnProcess | None = None
        self.channel: Channel | None = None
        self.restarts = 0
        self.restart_at = 0.0
        self.killed_at: float | None = None
        self.restart_planned = False
        self.away = False  # a source that has lost what it captures
        self.looks_at: frozenset[str] | None = None  # a sink: rings; None: all that it reads
        self._deaths: deque[float] = deque(maxlen=DEATHS)
        self._delay = 0.0  # before its last restart
        self._ready_at: float | None = None

    @property
    def name(self) -> str:
        return self.plan.name

    @property
    def alive(self) -> bool:
        return self.process is not None

    def start(self, assignment: child.Assignment, channel: Channel) -> None:
        """Spawn the process; its end of the control socket goes with the assignment. Raises OSError."""
        self._ready_at = None
        if moved := stand_somewhere():
            log.warning("%s", moved)
        arguments = (Leash(assignment.launcher_pid), child.main, assignment)
        process = _spawn.Process(target=run_leashed, args=arguments, name=self.name)
        try:
            with _thread_budget(self.plan.threads), _ctrl_c_held():
                process.start()
        except OSError:
            channel.close()
            raise
        finally:
            assignment.control.close()
        self.process, self.channel = process, channel
        self.state, self.killed_at = State.STARTING, None
        self.restart_planned = False
        self.looks_at = None  # what its predecessor said of those who look went with it

    def became_ready(self, now: float) -> None:
        self.state, self.away, self._ready_at = State.RUNNING, False, now

    def ask_to_stop(self) -> None:
        """Politely if it listens already; a process that still starts is ended at once."""
        if self.process is None or self.channel is None:
            return
        if self.state is State.RUNNING:
            self.channel.send({"kind": "stop"})
        else:
            self.kill()

    def kill(self) -> None:
        if self.process is not None and self.killed_at is None:
            self.killed_at = time.monotonic()
            self.process.kill()

    def reap(self) -> int | None:
        """The exit code if the process has ended: it is gone then, and its channel with it."""
        if self.process is None or self.process.exitcode is None:
            return None
        code = self.process.exitcode
        if code == 0 and self.killed_at is not None:
            code = KILLED  # it was quicker
        self.process.join()
        self.process.close()
        self.process = self.killed_at = None
        self.hang_up()
        return code

    def hang_up(self) -> None:
        """Nothing that it says counts any more."""
        if self.channel is not None:
            self.channel.close()
            self.channel = None

    def turn_off(self) -> None:
        """As if it had never been started: what it died of has been changed."""
        self.state, self._delay = State.OFF, 0.0
        self._deaths.clear()

    def plan_restart(self, now: float) -> float | None:
        """After a death: seconds until the restart, or None when it has died too often. Whoever had been well
        comes back as soon as at the first time: in a call that is killed at random each is heard at once."""
        if self._ready_at is not None and now - self._ready_at >= WELL:
            self._delay = 0.0
        self._deaths.append(now)
        recent = [death for death in self._deaths if now - death < WINDOW]
        if len(recent) >= DEATHS:
            self.state = State.FAILED
            return None
        self._delay = min(BACKOFF_MOST, 2 * self._delay) or BACKOFF_FIRST
        self.state, self.restart_at = State.WAITING, now + self._delay
        return self._delay


@contextmanager
def _ctrl_c_held() -> Iterator[None]:
    """A child inherits what is held back, and never sees it; or a Ctrl-C, which reaches the whole group,
    would end it with a traceback while its Python still starts. We get ours when this is over."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # when it starts it lets go what is held back
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _thread_budget(threads: int) -> Iterator[None]:
    """Libraries read these when they are imported, so they have to stand in the child's environment. OpenMP's
    threads spin while they wait for each other, unless told otherwise; other workers need that core."""
    wanted = dict.fromkeys(_THREAD_VARIABLES, str(threads)) | {"OMP_WAIT_POLICY": "PASSIVE"}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
