"""What the ring's tests and scripts/ring_chaos.py run in other processes, and a parent that plays the
launcher: it waits on a process, clears what a dead one left, starts a successor.

All that a process saw is in shared memory (Tally), so that it is still there after a kill -9. A frame is
filled with its seq, so any other number in it is a torn frame.
"""

import ctypes
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from shm import layout
from shm.errors import SourceGone
from shm.frame import Source
from shm.layout import RingSpec, RowSpec
from shm.lease import Lease
from shm.ring import ReaderHandle, Ring, WriterHandle
from shm.segment import MemfdSegment, NamedSegment
from shm.wake import Wake, wait
from tests.shm.fault_words import Fault, blind_writer, open_reader, open_writer

WATCHDOG = 60.0  # seconds; what is waited for takes milliseconds

Frame = npt.NDArray[np.uint64]


class Tally(ctypes.Structure):
    """What one part saw, over all its lives. `make_tally()` puts one into shared memory."""

    _fields_ = [
        (name, ctypes.c_uint64)
        for name in (
            "lives",
            "first",  # the first seq of this life
            "count",  # frames written or read
            "last",
            "torn",
            "disorder",  # a seq that is not after (every: next to) the one before
            "gone",  # SourceGone
            "unexplained",  # SourceGone while the keeper lived
            "held",  # leases out now
            "wakes",
            "longest_gap",  # ns between two frames of one writer
        )
    ]


def make_tally() -> Any:
    return get_context("fork").RawValue(Tally)


def make_flag() -> Any:
    return get_context("fork").RawValue("Q")


def make_ring(spec: RingSpec, backend: type[MemfdSegment] | type[NamedSegment] = MemfdSegment) -> Ring:
    ring = Ring(spec, backend.make(spec.nbytes, spec.name), tuple(Wake.create() for _ in spec.rows))
    layout.format_header(spec, ring.words)
    return ring


def until(condition: Callable[[], object], what: str, limit: float = WATCHDOG) -> None:
    """Wait until `condition()`; `limit` is a watchdog."""
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end, f"waited {limit:.0f} s in vain: {what}"
        time.sleep(0.001)


@dataclass
class Part:
    """A process that is started again after its death, and what the launcher clears in between."""

    name: str
    body: Callable[..., None]
    args: tuple[Any, ...]
    reads: tuple[tuple[Ring, str], ...] = ()
    writes: tuple[Ring, ...] = ()
    process: BaseProcess | None = None

    def forget(self) -> None:
        for ring, reader in self.reads:
            ring.forget_reader(reader)
        for ring in self.writes:
            ring.forget_writer()

    @property
    def pid(self) -> int:
        assert self.process is not None
        assert self.process.pid is not None
        return self.process.pid


@dataclass
class Crew:
    """Starts processes and leaves none behind. `with Crew() as crew: …`"""

    method: str = "fork"
    stop: Any = field(default_factory=make_flag)
    started: list[BaseProcess] = field(default_factory=list)

    def run(self, body: Callable[..., None], *args: Any) -> BaseProcess:
        process = get_context(self.method).Process(target=body, args=args, daemon=True)  # type: ignore[attr-defined]
        process.start()
        self.started.append(process)
        return process  # type: ignore[no-any-return]

    def start(self, part: Part, *more: Any) -> Part:
        part.process = self.run(part.body, *part.args, *more)
        return part

    def kill(self, part: Part) -> None:
        os.kill(part.pid, signal.SIGKILL)
        assert self.reap(part) == -signal.SIGKILL

    def reap(self, part: Part) -> int:
        """Wait for its end, and clear what it left."""
        code = self.ended(part.process)
        part.forget()
        return code

    def ended(self, process: BaseProcess | None) -> int:
        assert process is not None
        process.join(WATCHDOG)
        assert process.exitcode is not None, f"{process} did not end"
        self.started.remove(process)
        code = process.exitcode
        process.close()
        return code

    def finish(self, *parts: Part) -> None:
        """Let parts end by themselves, and check that they did so in good order."""
        self.stop.value = 1
        end = time.monotonic() + WATCHDOG
        while any(part.process and part.process.is_alive() for part in parts) and time.monotonic() < end:
            self._ring_all(parts)
            time.sleep(0.01)
        codes = {part.name: self.ended(part.process) for part in parts}
        self.stop.value = 0
        assert not any(codes.values()), codes

    @staticmethod
    def _ring_all(parts: tuple[Part, ...]) -> None:
        """Once is not enough: who has just seen that it is to go on reads the bell away before it sleeps, and
        the flag is none of the words that it looks at then."""
        for part in parts:
            for ring, reader in part.reads:
                ring.wakes[ring.spec.row(reader)].writer_end.ring()
            for ring in part.writes:
                for wake in ring.wakes:
                    wake.reader_end.ring()

    def __enter__(self) -> "Crew":
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.started:
            if process.pid is not None:
                with suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL)  # also ends a stopped one
            process.join(WATCHDOG)


def die_with_parent() -> None:
    """So that nothing is left when the tests themselves are killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def is_whole(frame: Frame, seq: int) -> bool:
    return bool((frame == seq).all())


# Bodies -----------------------------------------------------------------------------------------------


def write(
    handle: WriterHandle,
    tally: Any,
    stop: Any,
    last: int = 0,
    pace: float = 0.0,
    fault: Fault | None = None,
    blind: bool = False,
) -> None:
    """Publish frames filled with their seq: up to seq `last` (0: until told), one every `pace` seconds."""
    die_with_parent()
    writer = blind_writer(handle) if blind else open_writer(handle, fault)
    tally.lives += 1
    tally.first = writer.seq + 1
    words = handle.spec.slot_bytes // 8
    while not stop.value and (not last or writer.seq < last):
        slot = writer.acquire()
        if slot is None:
            wait([writer], None)
            tally.wakes += 1
            continue
        view, seq = slot.view((words,), np.uint64), writer.seq + 1
        view[: words // 2] = seq
        if fault:
            fault.reached("mid_fill")
        view[words // 2 :] = seq
        del view
        writer.publish(slot, t_capture=time.perf_counter_ns())
        tally.count += 1
        tally.last = seq
        if pace:
            time.sleep(pace)


def read(
    handle: ReaderHandle,
    tally: Any,
    stop: Any,
    hold: float = 0.0,
    fault: Fault | None = None,
    seen: Any = None,
) -> None:
    """Check every frame when it comes and again before it goes, up to `hold` seconds later. `seen[seq]`
    counts the times that a frame was finished with."""
    die_with_parent()
    reader = open_reader(handle, fault)
    tally.lives += 1
    rng, held, count = random.Random(tally.lives), list[Lease](), 0
    most, before, epoch = handle.spec.rows[handle.row].pins, 0, 0
    while not stop.value:
        if len(held) == most or (held and rng.random() < 0.5):
            _finish_with(held.pop(rng.randrange(len(held))), tally, seen)
            tally.held = len(held)
        lease = reader.lease()
        if lease is None:
            while held:
                _finish_with(held.pop(0), tally, seen)
            tally.held = 0
            wait([reader], None)
            tally.wakes += 1
            continue
        seq, now, count = lease.info.seq, time.monotonic_ns(), count + 1
        epoch_now = lease.memory.words[layout.EPOCH_AT]
        follows = seq == tally.last + 1 if reader.mode == "every" and count > 1 else seq > tally.last
        tally.disorder += count > 1 and not follows
        if count > 1 and epoch == epoch_now:
            tally.longest_gap = max(tally.longest_gap, now - before)
        before, epoch = now, epoch_now
        if count == 1:
            tally.first = seq
        tally.torn += not is_whole(lease.frame, seq)
        tally.count += 1
        tally.last = seq
        held.append(lease)
        tally.held = len(held)
        if hold:
            time.sleep(rng.random() * hold)
    for lease in held:
        _finish_with(lease, tally, seen)
    tally.held = 0


def _finish_with(lease: Lease, tally: Any, seen: Any) -> None:
    tally.torn += not is_whole(lease.frame, lease.info.seq)
    if seen is not None:
        seen[lease.info.seq] = min(255, seen[lease.info.seq] + 1)
    lease.release()


def hand_on(
    source: ReaderHandle, target: WriterHandle, tally: Any, stop: Any, fault: Fault | None = None
) -> None:
    """The middle of a hand-over: for each frame a map that holds the frame's seq, with the frame kept."""
    die_with_parent()
    reader, writer = open_reader(source), open_writer(target)
    tally.lives += 1
    words = target.spec.slot_bytes // 8
    while not stop.value:
        slot = writer.acquire()
        assert slot is not None, "a ring of this size always has a slot"
        lease = reader.lease()
        if lease is None:
            wait([reader], None)
            tally.wakes += 1
            continue
        info = lease.info
        tally.torn += not is_whole(lease.frame, info.seq)
        if fault:
            fault.reached("mid_hand_over")
        slot.view((words,), np.uint64)[:] = info.seq
        writer.publish(slot, t_capture=info.t_capture, source=info.as_source, keep=(lease,))
        tally.count += 1
        tally.last = writer.seq


def join(
    frames: ReaderHandle,
    maps: ReaderHandle,
    tally: Any,
    stop: Any,
    last_words: Any,
    hold: float = 0.0,
    fault: Fault | None = None,
) -> None:
    """The end of a hand-over: each map with its frame. `last_words`: the seq of the newest map at the
    latest death of the middle process; only up to there may a frame be gone."""
    die_with_parent()
    by_source, newest = open_reader(frames, fault), open_reader(maps)
    tally.lives += 1
    rng = random.Random(tally.lives)
    while not stop.value:
        lease = newest.lease()
        if lease is None:
            wait([newest], None)
            tally.wakes += 1
            continue
        with lease:
            source = lease.info.source
            tally.torn += not is_whole(lease.frame, source.seq)
            try:
                with by_source.lease_source(source) as frame:
                    tally.torn += frame.info.seq != source.seq or not is_whole(frame.frame, source.seq)
                    if hold:
                        time.sleep(rng.random() * hold)
                    tally.torn += not is_whole(frame.frame, source.seq)
                tally.count += 1
            except SourceGone:
                tally.gone += 1
                tally.unexplained += lease.info.seq > last_words.value
            tally.last = lease.info.seq


def lease_on_demand(handle: ReaderHandle, pipe: Connection) -> None:
    """Lease each source that comes through the pipe; answer whether the frame is whole, at once and again
    when asked (by anything) a second time; then let go."""
    die_with_parent()
    reader = handle.open()
    reader.pause = lambda _: time.sleep(0.005)  # patient: 10 s
    with suppress(EOFError):
        while True:
            source: Source = pipe.recv()
            try:
                with reader.lease_source(source) as lease:
                    pipe.send(lease.info.seq == source.seq and is_whole(lease.frame, source.seq))
                    pipe.recv()
                    pipe.send(is_whole(lease.frame, source.seq))
            except SourceGone:
                pipe.send("gone")


# What is left behind ----------------------------------------------------------------------------------


def mappings(name: str, pids: Sequence[int | str] = ("self",)) -> int:
    """How often rings whose name begins with `name` are mapped (Linux)."""
    found = 0
    for pid in pids:
        with suppress(OSError):
            found += Path(f"/proc/{pid}/maps").read_text().count(f"memfd:stereoring-{name}")
    return found


def mappings_anywhere(name: str) -> int:
    return mappings(name, [path.name for path in Path("/proc").iterdir() if path.name.isdigit()])


def open_fds() -> int:
    return len(os.listdir("/proc/self/fd"))


def named_segments() -> set[str]:
    """All of the machine; other tests may be running beside this one."""
    return set(os.listdir("/dev/shm")) if os.path.isdir("/dev/shm") else set()


def named_segments_left(before: set[str]) -> set[str]:
    """New since `before`, and in use by no other process."""
    left = named_segments() - before
    for process in Path("/proc").glob("[0-9]*") if left else ():
        if process.name != str(os.getpid()):
            with suppress(OSError):
                text = (process / "maps").read_text()
                left -= {name for name in left if f"/dev/shm/{name}" in text}
    return left & named_segments()


# Handles in processes that share nothing with their parent but what they are given --------------------


def write_fixed(handle: WriterHandle, count: int) -> None:
    """`count` frames in changing shapes."""
    die_with_parent()
    writer = handle.open()
    while writer.seq < count:
        slot = writer.acquire()
        if slot is None:
            wait([writer], None)
            continue
        seq = writer.seq + 1
        slot.view((1 + seq % 3, 4, 2), np.uint64)[:] = seq
        writer.publish(slot, t_capture=time.perf_counter_ns(), pts=-seq, colour="test")


def read_fixed(handle: ReaderHandle, count: int, answer: Connection) -> None:
    """Check `count` frames of write_fixed; answer with the number that were right."""
    die_with_parent()
    reader, right = handle.open(), 0
    while reader.seq < count:
        lease = reader.lease()
        if lease is None:
            wait([reader], None)
            continue
        with lease:
            info = lease.info
            said = (info.shape, info.dtype.str, info.pts, info.colour)
            meant = ((1 + info.seq % 3, 4, 2), np.dtype(np.uint64).str, -info.seq, "test")
            right += said == meant and is_whole(lease.frame, info.seq)
    answer.send(right)


def handles_arrive(method: str, backend: type[MemfdSegment] | type[NamedSegment], count: int = 200) -> int:
    """A writer and a reader started by `method` on a ring of this process; how many frames were right."""
    rows = (RowSpec("job", "every", 1),)
    ring = make_ring(RingSpec(f"handles-{os.getpid()}", 4, 4096, rows), backend)
    ours, theirs = get_context(method).Pipe()
    with Crew(method) as crew:
        reader = crew.run(read_fixed, ring.reader("job"), count, theirs)
        writer = crew.run(write_fixed, ring.writer(), count)
        assert ours.poll(WATCHDOG), "the reader answers"
        right: int = ours.recv()
        assert (crew.ended(writer), crew.ended(reader)) == (0, 0)
    ours.close()
    theirs.close()
    ring.close()
    return right


def main() -> None:
    """`python -m tests.shm.ring_processes`: all kinds of handles under this Python."""
    for method in ("spawn", "forkserver"):
        for backend in (MemfdSegment, NamedSegment):
            right = handles_arrive(method, backend)
            print(f"{sys.version.split()[0]} {method} {backend.__name__}: {right} of 200")
            assert right == 200


if __name__ == "__main__":
    main()
