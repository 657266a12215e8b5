"""A writer process and its sleeping readers on one path, alive over all rounds, and the log they share.

The log has a row of 8-byte words per column and a word per frame. Each column has one process that writes
it, so no message has to disturb what is being measured; a reader's `held` also tells the writer that the
frame has arrived.
"""

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import connection, get_context, parent_process
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scripts.bench_rings_paths import STOP, Payload, Receiver, Sender, connect, number_of

CONTEXT = get_context("spawn")
START, LOST = 60.0, 20.0  # seconds: for a process to be up (many start at once); for a frame to arrive
POLL = 0.2e-3  # a path that cannot keep the cadence is asked this often whether the last frame is there

SENT, CALLED, SENT_CPU = range(3)  # columns: when send was called, when it returned, CPU time of the writer
WOKEN, HELD, HELD_CPU = range(3)  # columns of a reader, behind those of the writer and earlier readers


class BenchError(Exception):
    """A process ended, or a frame did not arrive."""


class Log:
    """Picklable while a process is spawned; `column` gives a process its words."""

    def __init__(self, readers: int, frames: int) -> None:
        self.readers, self._words = readers, frames + 1
        self._memory = CONTEXT.RawArray("B", (3 + 3 * readers) * self._words * 8)

    def column(self, number: int) -> memoryview:
        words = memoryview(self._memory).cast("B").cast("Q")
        return words[number * self._words : (number + 1) * self._words]

    def writer(self) -> list[memoryview]:
        return [self.column(i) for i in range(3)]

    def reader(self, reader: int) -> list[memoryview]:
        return [self.column(3 + 3 * reader + i) for i in range(3)]


@dataclass(frozen=True)
class Block:
    """What happened to the measured frames of one block; nanoseconds, one row per reader."""

    sent: npt.NDArray[np.int64]
    called: npt.NDArray[np.int64]
    sent_cpu: npt.NDArray[np.int64]
    woken: npt.NDArray[np.int64]
    held: npt.NDArray[np.int64]
    held_cpu: npt.NDArray[np.int64]


class Cell:
    def __init__(self, path: str, payload: Payload, readers: int, frames: int, folder: Path) -> None:
        """`frames`: the most that will be sent. Raises MissingPeer. Its processes start; see `ready`."""
        self.name = f"{path} {payload.name}, {readers} readers"
        self._next = 1
        self._link = connect(path, payload, readers, folder)
        self._log = Log(len(self._link.open_receivers), frames + self._link.slots)
        self._control, theirs = CONTEXT.Pipe()
        self._ready: list[Connection] = [self._control]
        self._processes = [self._start(write_frames, self._link.open_sender, self._log, theirs)]
        for reader, open_receiver in enumerate(self._link.open_receivers):
            mine, theirs = CONTEXT.Pipe(duplex=False)
            self._ready.append(mine)
            self._processes.append(self._start(read_frames, open_receiver, self._log, reader, theirs))

    def _start(self, target: Callable[..., None], *args: Any) -> Any:
        process = CONTEXT.Process(target=target, args=args, name=self.name, daemon=True)
        process.start()
        args[-1].close()  # our copy of their end
        return process

    def ready(self) -> None:
        """Wait until all processes sleep, and touch every slot once."""
        for end in self._ready:
            self._answer(end, START)
        self.run(0, self._link.slots, 0)

    def run(self, warm_up: int, frames: int, every_ns: int) -> Block:
        """Send so many frames at a cadence; the first `warm_up` are not measured."""
        first = self._next
        self._next += warm_up + frames
        self._control.send((first, self._next, every_ns))
        self._answer(self._control, LOST + (warm_up + frames) * (every_ns / 1e9 + 1))
        measured = slice(first + warm_up, self._next)
        count = 3 + 3 * self._log.readers
        columns = [np.array(self._log.column(i)[measured], np.int64) for i in range(count)]
        empty = np.zeros((0, frames), np.int64)
        rows = [np.array(columns[3 + i :: 3]) if self._log.readers else empty for i in range(3)]
        return Block(columns[SENT], columns[CALLED], columns[SENT_CPU], *rows)

    def leave(self) -> None:
        """Tell all processes to end."""
        with suppress(OSError):
            self._control.send(None)

    def stop(self) -> None:
        """Wait for the processes to end, and remove what the path has left."""
        self.leave()
        for process in self._processes:
            process.join(timeout=5)
            process.kill()  # does nothing to one that has ended
            process.join()
        self._link.close()

    def _answer(self, end: Connection, timeout: float) -> None:
        """Wait for a word from a process of ours. Raises BenchError when one ends instead."""
        connection.wait([end, *(process.sentinel for process in self._processes)], timeout)
        with suppress(EOFError):
            if end.poll():
                end.recv()
                return
        codes = [process.exitcode for process in self._processes]
        raise BenchError(f"{self.name}: no answer; exit codes of writer and readers: {codes}")


def write_frames(open_sender: Callable[[], Sender], log: Log, control: Connection) -> None:
    """The writer process: sends blocks of frames as ordered, each not before all have the last one."""
    _live_with_parent()
    sender = open_sender()
    sent, called, sent_cpu = log.writer()
    held = [log.reader(reader)[HELD] for reader in range(log.readers)]
    control.send(True)
    for first, end, every_ns in iter(control.recv, None):
        due = time.perf_counter_ns()
        for number in range(first, end):
            due += every_ns
            _sleep_until(due)
            _await_arrival(held, number - 1)
            sender.prepare(number)
            start = time.perf_counter_ns()
            sender.send()
            sent[number], called[number] = start, time.perf_counter_ns()
            sent_cpu[number] = time.process_time_ns()
            if start - due > every_ns:  # late: go on from here, so that readers do get to sleep
                due = start
        _await_arrival(held, end - 1)
        control.send(True)
    sender.prepare(STOP)
    sender.send()
    sender.close()


def read_frames(open_receiver: Callable[[], Receiver], log: Log, reader: int, ready: Connection) -> None:
    """A reader process: sleeps, takes a view of each frame and notes when it had it."""
    _live_with_parent()
    receiver = open_receiver()
    woken, held, held_cpu = log.reader(reader)
    ready.send(True)
    number = -1
    while number != STOP:
        receiver.wait()
        woke = time.perf_counter_ns()
        view = receiver.take()
        has = time.perf_counter_ns()
        if view is None:
            continue
        number = number_of(view)
        del view
        receiver.release()
        woken[number], held_cpu[number] = woke, time.process_time_ns()
        held[number] = has
    receiver.close()


def _sleep_until(due: int) -> None:
    left = due - time.perf_counter_ns()
    if left > 0:
        time.sleep(left / 1e9)


def _await_arrival(held: list[memoryview], number: int) -> None:
    """Until all readers have had this frame, so that none is lost and all paths give as many samples."""
    if number < 1:
        return
    deadline = time.monotonic() + LOST
    while not all(column[number] for column in held):
        if time.monotonic() > deadline:
            raise BenchError(f"frame {number} has not arrived within {LOST:.0f} s")
        time.sleep(POLL)


def _live_with_parent() -> None:
    """Ctrl-C is the parent's to handle; should it be killed, nobody is left to end us."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    assert parent is not None

    def follow() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
