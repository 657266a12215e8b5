"""The reading end of a frame ring; see writer.py for how the two are checked against each other."""

import itertools
import time
from collections.abc import Callable

from shm.errors import RingCorrupt, RingError, SourceGone
from shm.frame import Source, read_format
from shm.layout import (
    ARMED,
    CURSOR,
    DTYPE,
    HEAD_AT,
    PINS,
    RECEIVED,
    SHAPE_01,
    SHAPE_23,
    SKIPPED,
    SPACE_AT,
    STATE_AT,
    Memory,
    RingSpec,
)
from shm.lease import ALONE, Lease, Pixels

MISSES = 8  # a lease fails only when the writer goes on meanwhile; so often while head stands still: never
CLAIM_LOOKS, CLAIM_PAUSE = 2000, 50e-6  # a claim is decided within microseconds; 0.1 s for a paused writer


class Reader:
    """One reader of a segment, in the mode of its row; see RingReader for what goes on across segments."""

    pause: Callable[[float], None] = staticmethod(time.sleep)

    def __init__(
        self, memory: Memory, row: int, fence: Callable[[], None], ring_writer: Callable[[], None]
    ) -> None:
        """`ring_writer` wakes the writer. Goes on where a predecessor in this row stopped."""
        self._row, self._fence, self._ring_writer = row, fence, ring_writer
        self._fresh = itertools.count(time.perf_counter_ns())
        self._rung = self.seq = 0
        self.attach(memory)

    @property
    def state(self) -> int:
        """What the launcher says of the writer: layout.STARTING, LIVE, AWAY or FAILED."""
        return self._words[STATE_AT]

    def attach(self, memory: Memory) -> None:
        """Read from this segment from now on; leases of the earlier one stay valid until they end."""
        self._memory, self._words = memory, memory.words
        self._state = self.state
        self.spec: RingSpec = memory.spec  # an attribute: a property costs a call each time
        self._slots, self._slot_at = self.spec.slots, self.spec.slot_at
        self._blank: Lease | None = None
        row = self.spec.rows[self._row]
        self.name, self.mode = row.reader, row.mode
        self._at = self.spec.row_at[self._row]
        self._free_pins = [self._at + PINS + i for i in range(row.pins)]
        self._out: set[int] = set()
        self._kept: dict[int, Pixels] = {}
        cursor = self._words[self._at + CURSOR]
        if self.seq > cursor:
            self._words[self._at + CURSOR] = self.seq  # for a successor in this row
        self.seq = max(self.seq, cursor)

    def _take(self) -> Lease | None:
        """The next frame of this mode in this segment. In few calls: who has slept finds each one cold."""
        words, row, latest = self._words, self._at, self.mode == "latest"
        misses, head = 0, words[HEAD_AT]
        while misses < MISSES:
            newest = head >> 8
            if newest == self.seq or head == 0:
                return None
            if latest:
                slot, seq = head & 0xFF, newest
                if slot >= self._slots or seq < self.seq:
                    raise RingCorrupt(self.spec.name, f"head {seq} in slot {slot} after frame {self.seq}")
            else:
                slot, seq = self._next(newest)
                if seq == 0:
                    return None
            lease = self._pin(slot, seq, looks=1 if latest else CLAIM_LOOKS)
            if lease is not None:
                words[row + RECEIVED] += 1
                if skipped := seq - self.seq - 1:
                    words[row + SKIPPED] += skipped
                self.seq = seq
                if latest:
                    words[row + CURSOR] = seq
                else:
                    self._out.add(seq)
                return lease
            before, head = head, words[HEAD_AT]
            misses = misses + 1 if head == before else 0
        raise RingCorrupt(self.spec.name, f"head names frame {head >> 8}, and no slot holds it")

    def lease_source(self, source: Source) -> Lease:
        """The very slot that a frame was made from, kept for us by whoever made it. Raises SourceGone.

        A claimed slot is waited for: either the writer sees our pin (or the keeper's) and puts it back,
        or its second look was before our pin, which can only be when the keeper died; then seq changes.
        """
        spec = self.spec
        if source.slot >= spec.slots:
            raise RingCorrupt(spec.name, f"source slot {source.slot} of {spec.slots}")
        if source.generation == spec.generation:
            lease = self._pin(source.slot, source.seq, looks=CLAIM_LOOKS)
            if lease is not None:
                self._words[self._at + RECEIVED] += 1
                return lease
        self._words[self._at + SKIPPED] += 1
        raise SourceGone(f"{self.name}: frame {source.seq} is no longer in ring {spec.name}")

    def keep(self, lease: Lease) -> Lease:
        """A second lease of the frame that is leased, which therefore cannot go away meanwhile; for whoever
        hands on what was made from it."""
        kept = self._pin(lease.slot, lease.seq, looks=CLAIM_LOOKS)
        if kept is None:
            raise RingCorrupt(self.spec.name, f"frame {lease.seq} has gone while it is leased")
        return kept

    def ready(self) -> bool:
        return self._words[HEAD_AT] >> 8 > self.seq

    def arm(self) -> bool:
        """Ask the writer to ring at the next frame. True: nothing new is there, go to sleep."""
        self._blank = self._blank or self._new_lease()  # now that there is time
        self._words[self._at + ARMED] = next(self._fresh)
        self._fence()  # or: we miss a new head while the writer misses that we armed, and we sleep on
        before, self._state = self._state, self.state
        return self._state == before and not self.ready()  # the bell of a new state may have been drained

    def _new_lease(self) -> Lease:
        return Lease(self._memory, self.name, self._end)

    def disarm(self) -> None:
        self._words[self._at + ARMED] = 0

    def _next(self, newest: int) -> tuple[int, int]:
        """(slot, seq) of the oldest frame after the last one, and not after `newest`. (0, 0): none."""
        if newest <= self.seq:
            return 0, 0
        self._fence()  # or: a slot we look at late shows a frame after one that we looked too early for
        words_of = ((self._words[at], slot) for slot, at in enumerate(self._slot_at))
        seqs = [(word >> 1, slot) for word, slot in words_of if not word & 1]
        seq, slot = min((entry for entry in seqs if self.seq < entry[0] <= newest), default=(0, 0))
        if self.mode == "every" and seq != self.seq + 1:
            raise RingCorrupt(self.spec.name, f"frame {self.seq + 1} of {newest} is missing; {seq} is there")
        return slot, seq  # none: all were re-used while we looked

    def _pin(self, slot: int, seq: int, looks: int = 1) -> Lease | None:
        words, at = self._words, self._slot_at[slot]
        if not self._free_pins:
            raise RingError(f"{self.name}: all its leases of ring {self.spec.name} are out")
        pin = self._free_pins.pop()
        words[pin] = slot + 1
        self._fence()  # or: we miss the writer's claim while it misses our pin
        for look in range(looks):
            word = words[at]
            if word == seq << 1:
                form = words[at + SHAPE_01], words[at + SHAPE_23], words[at + DTYPE]
                pixels = self._kept.pop(slot, None)  # two leases of one slot have two
                if pixels is None or pixels.form != form:
                    shape, dtype = read_format(self.spec, slot, form)
                    pixels = Pixels(form, shape, dtype, self._memory.payload(slot).toreadonly())
                lease, self._blank = self._blank or self._new_lease(), None
                lease.slot, lease.seq, lease.pixels, lease.pin = slot, seq, pixels, pin
                return lease
            if word != seq << 1 | 1 or look == looks - 1:
                break
            self.pause(CLAIM_PAUSE)
        words[pin] = 0
        self._free_pins.append(pin)
        return None

    def _end(self, lease: Lease) -> None:
        """Called once by the lease when it ends."""
        words = lease.memory.words
        self._fence()  # or: our last look at the pixels comes after the writer has re-used them
        if lease.memory is self._memory and lease.seq in self._out:
            self._out.remove(lease.seq)
            words[self._at + CURSOR] = min(self._out, default=self.seq + 1) - 1
        words[lease.pin] = 0
        if lease.memory is self._memory:
            self._free_pins.append(lease.pin)
            if lease.pixels.references == ALONE:  # else an error's traceback holds a view
                self._kept[lease.slot] = lease.pixels
        if self.mode == "every":
            self._fence()  # or: we miss that the writer waits while it misses our cursor
            waiting = words[SPACE_AT]
            if waiting and waiting != self._rung:
                self._rung = waiting
                self._ring_writer()
