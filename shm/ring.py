"""A ring as its owner, the launcher, holds it; and the handles that it gives to workers.

ring = Ring.create(RingSpec("frame", 4, 1920 * 1080 * 3, (RowSpec("stereo", "latest", 1),)))
Process(target=work, args=(ring.writer(), ring.reader("stereo")))   # spawn or forkserver

writer = writer_handle.open()                  reader = reader_handle.open()
slot = writer.acquire()                        wait([reader], timeout=1.0)
slot.view((1080, 1920, 3))[:] = pixels         with reader.lease() as lease:
writer.publish(slot, t_capture=now)                show(lease.frame)
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from shm import layout
from shm.fence import make_fence
from shm.layout import RingSpec
from shm.lease import Lease
from shm.reader import Reader
from shm.segment import Segment
from shm.wake import Bell, Wake
from shm.writer import Writer


class Attachment:
    """A segment as one process sees it: its words and its payloads."""

    def __init__(self, spec: RingSpec, segment: Segment) -> None:
        self.spec, self.segment = spec, segment
        self.words = segment.buffer[: spec.header_words * layout.WORD].cast("Q")

    def payload(self, slot: int) -> memoryview:
        start = self.spec.payload_at + slot * self.spec.slot_stride
        return self.segment.buffer[start : start + self.spec.slot_bytes]


class RingWriter(Writer):
    """A Writer that can sleep: `wait([writer])` until an `every` reader makes room."""

    def __init__(self, memory: Attachment, ends: Sequence[Bell]) -> None:
        self.ends, self.rung = tuple(ends), list[Bell]()
        super().__init__(memory, make_fence(), [end.ring for end in ends])

    def move(self, memory: Attachment) -> None:
        """Write to a new segment from the next frame on."""
        self.attach(memory)


class RingReader(Reader):
    """A Reader that can sleep: `wait([reader])` until there is a frame or the writer's state changes."""

    def __init__(self, memory: Attachment, row: int, end: Bell) -> None:
        self.ends: tuple[Bell, ...] = (end,)
        self.rung: list[Bell] = []
        self._coming: list[Attachment] = []
        super().__init__(memory, row, make_fence(), end.ring)

    def move(self, memory: Attachment) -> None:
        """Read from a new segment: at once, or in the `every` modes after the last frame of the old."""
        if self.mode in ("every", "every-or-count"):
            self._coming.append(memory)
        else:
            self.attach(memory)

    def lease(self) -> Lease | None:
        """The next frame of this mode: the newest, or the one after the last. None: nothing new."""
        lease = self._take()
        while lease is None and self._writer_moved():
            self._fence()  # or: we look at the old segment before we know that the writer has left it
            lease = self._take()  # what the old segment holds now is all of it
            if lease is None:
                self.attach(self._coming.pop(0))
                lease = self._take()
        return lease

    def ready(self) -> bool:
        return super().ready() or self._writer_moved()

    def _writer_moved(self) -> bool:
        return any(memory.words[layout.EPOCH_AT] for memory in self._coming)


@dataclass(frozen=True)
class WriterHandle:
    """All that a process needs to write a ring. Picklable while it is being spawned."""

    spec: RingSpec
    segment: Segment
    ends: tuple[Bell, ...]

    def open(self) -> RingWriter:
        return RingWriter(Attachment(self.spec, self.segment), self.ends)


@dataclass(frozen=True)
class ReaderHandle:
    """All that a process needs to read a ring in one row. Picklable while it is being spawned."""

    spec: RingSpec
    segment: Segment
    row: int
    end: Bell

    def open(self) -> RingReader:
        return RingReader(Attachment(self.spec, self.segment), self.row, self.end)


class Ring:
    """The launcher's side: owns the segment and both ends of every wake-up; writes what dead owners left."""

    def __init__(self, spec: RingSpec, segment: Segment, wakes: tuple[Wake, ...]) -> None:
        self.spec, self.segment, self.wakes = spec, segment, wakes
        self.attachment = Attachment(spec, segment)
        self._fence = make_fence()

    @classmethod
    def create(cls, spec: RingSpec, wakes: tuple[Wake, ...] = ()) -> "Ring":
        """A new ring with all its memory. Raises NoMemory."""
        ring = cls(
            spec, Segment.create(spec.nbytes, spec.name), wakes or tuple(Wake.create() for _ in spec.rows)
        )
        layout.format_header(spec, ring.words)
        return ring

    def grown(self, slot_bytes: int) -> "Ring":
        """The same ring on a new, empty segment with slots of another size; sleepers keep their ends."""
        return Ring.create(self.spec.successor(slot_bytes, self.newest_seq()), self.wakes)

    @property
    def words(self) -> layout.Words:
        return self.attachment.words

    def writer(self) -> WriterHandle:
        return WriterHandle(self.spec, self.segment, tuple(wake.writer_end for wake in self.wakes))

    def reader(self, name: str) -> ReaderHandle:
        row = self.spec.row(name)
        return ReaderHandle(self.spec, self.segment, row, self.wakes[row].reader_end)

    def newest_seq(self) -> int:
        """The highest seq that any slot or head names; a writer that starts goes on after it."""
        slots = max(self.words[at] >> 1 for at in self.spec.slot_at)
        return max(slots, self.words[layout.HEAD_AT] >> 8, self.spec.base)

    def continue_after(self, seq: int) -> None:
        """Make the next writer of this still empty segment go on after `seq` of the one before."""
        if seq > self.spec.base:
            self.spec = replace(self.spec, base=seq)
            self.attachment.spec = self.spec
            self.words[layout.BASE_AT] = seq
            for at in self.spec.row_at:
                self.words[at + layout.CURSOR] = seq

    @property
    def state(self) -> int:
        return self.words[layout.STATE_AT]

    def set_state(self, state: int) -> None:
        """Say how the writer is; wakes all readers when that is news."""
        if state == self.state:
            return
        self.words[layout.STATE_AT] = state
        self._ring_all()

    def _ring_all(self) -> None:
        self._fence()  # or: somebody who is woken does not see what for
        for wake in self.wakes:
            wake.writer_end.ring()

    def forget_reader(self, name: str) -> None:
        """Clear what a reaped reader left: its leases and its armed number. Its cursor stays; that of
        mode `latest` goes back by one, so that the successor sees the newest frame again: from a still screen
        no other comes, and a new sink has nothing else to show."""
        row = self.spec.row(name)
        at = self.spec.row_at[row]
        self.words[at + layout.ARMED] = 0
        if self.spec.rows[row].mode == "latest":
            self.words[at + layout.CURSOR] = max(self.spec.base, self.words[at + layout.CURSOR] - 1)
        for pin in range(at + layout.PINS, at + layout.PINS + self.spec.rows[row].pins):
            self.words[pin] = 0
        self.wakes[row].reader_end.ring()  # a writer may be waiting for the room

    def forget_writer(self) -> None:
        """Finish what a reaped writer left, for those who still read a segment that no successor will
        attach to: a frame that has its seq is whole, though head may not name it yet."""
        self.words[layout.SPACE_AT] = 0
        newest = max((self.words[at] >> 1) << 8 | slot for slot, at in enumerate(self.spec.slot_at))
        if newest >> 8 > self.words[layout.HEAD_AT] >> 8:
            self.words[layout.HEAD_AT] = newest
            self._ring_all()

    def close(self, *, keep_wakes: bool = False) -> None:
        self.attachment.words.release()
        self.segment.close()
        if not keep_wakes:
            for wake in self.wakes:
                wake.close()
