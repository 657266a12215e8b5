"""The body of every worker process: open what the launcher hands over, run the step, say how it ended."""

import faulthandler
import gc
import logging
import os
import signal
import socket
import sys
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from pipeline.control import Channel
from pipeline.house import LauncherHouse
from shm.board import OPENING, RUNNING, STOPPED, Board, Line
from shm.errors import RingCorrupt
from shm.ring import ReaderHandle, WriterHandle
from shm.segment import Segment
from workers.chain import implementation
from workers.worker import CannotWork, Host, Link, Step

OPEN_LIMIT = 120.0  # seconds for imports and Worker.open(); longer needs its own busy(...)
CRASHED, CORRUPT, CANNOT_WORK = 1, 70, 78  # exit codes
LONGEST_LINE = 10_000  # characters of a log line; six bytes of JSON each at most


@dataclass
class Assignment:
    """All that a worker process is given. Picklable while it is being spawned."""

    name: str
    implementation: str
    settings: dict[str, Any]
    control: socket.socket
    board: Segment
    board_rows: int
    board_row: int
    log_level: int
    launcher_pid: int
    threads: int
    reader: ReaderHandle | None = None
    followers: tuple[ReaderHandle, ...] = ()
    joined: ReaderHandle | None = None
    joined_for_others: bool = False
    keeps_what_it_reads: bool = False
    writers: dict[str, WriterHandle] = field(default_factory=dict)

    def open_ends(self) -> dict[str, Any]:
        """What of a Link belongs to rings. The handles are dropped: they would keep the first segments for
        as long as the process lives, also when the rings have long moved on to larger ones."""
        ends = {
            "reader": self.reader.open() if self.reader else None,
            "followers": tuple(handle.open() for handle in self.followers),
            "joined": self.joined.open() if self.joined else None,
            "writers": {ring: handle.open() for ring, handle in self.writers.items()},
        }
        self.reader = self.joined = None
        self.followers, self.writers = (), {}
        return ends


class ControlLogHandler(logging.Handler):
    """Sends log records to the launcher, which prints all workers' in one stream. Never waits."""

    def __init__(self, control: Channel) -> None:
        super().__init__()
        self._control = control

    def emit(self, record: logging.LogRecord) -> None:
        dropped = self._control.take_dropped_logs()
        if dropped:
            self._send(logging.WARNING, record.created, f"{dropped} log lines were dropped here")
        self._send(record.levelno, record.created, self.format(record)[:LONGEST_LINE])

    def _send(self, level: int, created: float, text: str) -> None:
        self._control.send({"kind": "log", "level": level, "time": created, "text": text})


def main(assignment: Assignment) -> None:
    """Ends the process: 0, it was told to stop; CRASHED, CORRUPT or CANNOT_WORK otherwise."""
    code = _run(assignment)
    sys.stdout.flush()
    sys.stderr.flush()
    # Python's own way out looks through all that numba, torch and their like have brought once more. That is
    # a third of a second, on busy cores more than the launcher waits.
    os._exit(code)


def _run(assignment: Assignment) -> int:
    _leave_stopping_to_the_launcher()
    faulthandler.enable()
    control = Channel(assignment.control)
    logging.basicConfig(
        level=assignment.log_level, handlers=[ControlLogHandler(control)], format="%(message)s"
    )
    line = Board(assignment.board, assignment.board_rows).line(assignment.board_row)
    line.enter(os.getpid(), OPENING)
    try:
        _work(assignment, control, line)
    except RingCorrupt as error:
        logging.critical("%s", error)
        control.send({"kind": "corrupt", "ring": error.ring})
        return CORRUPT
    except CannotWork as error:
        logging.critical("%s", error)
        return CANNOT_WORK
    except Exception as error:
        logging.critical("%s: %s", type(error).__name__, error, exc_info=True)
        return CRASHED
    line.set_state(STOPPED)
    return 0


def _leave_stopping_to_the_launcher() -> None:
    """Ctrl-C, a closing terminal and a service manager's SIGTERM reach the whole group; what has begun (a
    recording) is to be finished all the same."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):  # the last is Windows'
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)


def _work(assignment: Assignment, control: Channel, line: Line) -> None:
    with line.busy("opening", limit=OPEN_LIMIT):
        kind = implementation(assignment.implementation)
        settings = SimpleNamespace(**assignment.settings)

        def tell(kind: str, **what: Any) -> None:
            control.send({"kind": kind, **what})

        house = LauncherHouse(assignment.launcher_pid)
        host = Host(line.busy, tell, assignment.threads, house, line.show_level)
        worker = kind(settings, host)
        link = Link(
            line=line,
            control=control,
            joined_for_others=assignment.joined_for_others,
            keeps_what_it_reads=assignment.keeps_what_it_reads,
            **assignment.open_ends(),
        )
        worker.open()
        _keep_what_is_loaded()
    line.set_state(RUNNING)
    control.send({"kind": "ready"})
    try:
        worker.drive(Step(worker, link, worker.wiring(settings)))
    finally:
        worker.close()


def _keep_what_is_loaded() -> None:
    """Modules and networks stay as long as the process. Python's collector is not to look through them again
    each time: that takes a tenth of a second, for which a frame would wait."""
    gc.collect()
    gc.freeze()


def how_it_ended(code: int) -> str:
    """A worker's exit code in words."""
    if code < 0:
        return f"was killed by signal {-code}"
    if code == CANNOT_WORK:
        return "cannot go on; it has said why"
    return "met a corrupt ring" if code == CORRUPT else f"has crashed (exit code {code})"
