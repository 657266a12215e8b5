"""The writing end of a frame ring. `layout.py` draws the words; README tells how the rings work.

Writer and Reader see memory only through `words[i]`, `words[i] = v` and `fence()`, so that the
interleaving explorer (tests/shm/) can drive this very code through every order that a weakly ordered
machine allows. Each fence says what breaks without it; the explorer's mutation table shows that it does.
"""

import itertools
import time
from collections.abc import Callable, Sequence
from math import prod

from shm.frame import NO_SOURCE, FrameInfo, Source, pack_text, read_info
from shm.layout import (
    ARMED,
    COLOUR,
    CURSOR,
    DTYPE,
    EPOCH_AT,
    HEAD_AT,
    MAX_SLOTS,
    NO_SLOT_AT,
    PTS,
    PUBLISHED_AT,
    SHAPE_01,
    SHAPE_23,
    SOURCE_GENERATION,
    SOURCE_SEQ,
    SOURCE_SLOT,
    SPACE_AT,
    T_CAPTURE,
    T_PUBLISH,
    WORD_MASK,
    Memory,
    RingSpec,
)
from shm.lease import Lease, OpenSlot


class Writer:
    """The one writer of a ring. `slot = acquire()`, fill `slot.view(shape)`, `publish(slot, …)`."""

    def __init__(
        self, memory: Memory, fence: Callable[[], None], bells: Sequence[Callable[[], None]]
    ) -> None:
        """`bells[r]` wakes reader r. Takes over from a predecessor that may have died at any step."""
        self._fence, self._bells = fence, bells
        self._woken = [0] * len(bells)
        self._fresh = itertools.count(time.perf_counter_ns())
        self._behind: dict[int, tuple[Lease, ...]] = {}
        self.seq = 0
        self.attach(memory)

    def attach(self, memory: Memory) -> None:
        """Go on in this segment, also when it replaces an earlier one; seq goes on across segments."""
        for leases in self._behind.values():
            for lease in leases:
                lease.release()
        self._behind = {}
        self._memory, self._words = memory, memory.words
        self.spec: RingSpec = memory.spec  # an attribute: a property costs a call each time
        self._open: OpenSlot | None = None
        self._armed_at = tuple(enumerate(at + ARMED for at in self.spec.row_at))
        words = self._words
        for at in self.spec.slot_at:
            word = words[at]
            if word & 1:
                words[at] = word & ~1  # a predecessor's claim; what it had begun to fill has seq 0
        # Whoever reaped the predecessor has finished head (Ring.forget_writer), so head is all that counts.
        self.seq = max(self.seq, self.spec.base, words[HEAD_AT] >> 8)
        words[EPOCH_AT] += 1
        self._fence()  # or: we wake a reader that does not see yet what for
        for bell in self._bells:  # whoever sleeps has armed in the old segment, or for our predecessor
            bell()

    def acquire(self) -> OpenSlot | None:
        """The slot to fill next, or None: `every` readers are behind, or (a sizing error) all is pinned.

        A slot that was acquired and not published is handed out again. Raises LeaseEscaped for a view of
        a frame that was kept for the one that goes.
        """
        if self._open is not None:
            return self._open
        passes = 1 + len(self.spec.pin_at) * self.spec.slots  # pins that hop may meet us at every slot
        for _ in range(passes):
            candidates, unread = self._candidates()
            for at, slot in candidates:
                if self._claim(at, slot):
                    self._open = OpenSlot(self.spec, slot, self._memory.payload(slot))
                    return self._open
            if unread:
                return None
        self._words[NO_SLOT_AT] += 1
        return None

    def _claim(self, at: int, slot: int) -> bool:
        """Make a slot ours to fill, unless somebody pins it."""
        words = self._words
        if self._pinned(slot):
            return False
        word = words[at]
        words[at] = word | 1  # claimed
        self._fence()  # or: we miss a pin while its reader misses our claim
        if self._pinned(slot):  # second look: the pin may have come between look and claim
            words[at] = word
            return False
        words[at] = 1  # seq = 0: should we die while filling, no successor takes it for a frame
        for lease in self._behind.get(slot, ()):
            lease.release()  # our old frame is gone for good, so nobody can ask for its source
        self._behind.pop(slot, None)  # only now: a release that raised LeaseEscaped is tried again
        return True

    def publish(
        self,
        slot: OpenSlot,
        *,
        t_capture: int,
        source: Source = NO_SOURCE,
        pts: int = 0,
        colour: str = "",
        keep: tuple[Lease, ...] = (),
    ) -> int:
        """Make the slot the newest frame and wake the readers that sleep; returns its seq. In few calls: who
        has waited for the next frame finds each of them cold.

        t_capture: `time.perf_counter_ns()` at capture; pts: microseconds; colour: at most 8 letters. The
        leases in `keep` (those of the source, for a hand-over) live as long as this frame does. Raises
        LeaseEscaped, and ValueError for a longer colour or a slot that nothing was written to.
        """
        words, fence, at = self._words, self._fence, self.spec.slot_at[slot.slot]
        words[at + T_CAPTURE], words[at + PTS] = t_capture, pts & WORD_MASK
        words[at + SOURCE_GENERATION], words[at + SOURCE_SEQ], words[at + SOURCE_SLOT] = source
        words[at + SHAPE_01], words[at + SHAPE_23], words[at + DTYPE] = slot.form
        words[at + COLOUR], words[at + T_PUBLISH] = pack_text(colour), time.perf_counter_ns()
        slot.close()  # both may raise; then the slot is still open and nobody has seen anything
        self._behind[slot.slot] = keep
        self._open = None
        self.seq += 1
        fence()  # or: an `every` reader finds the seq before the pixels
        words[at] = self.seq << 1
        fence()  # or: a reader follows head to a slot that does not hold its frame yet
        words[HEAD_AT] = self.seq << 8 | slot.slot
        fence()  # or: we miss that a reader armed while it misses our head, and it sleeps on
        for reader, armed_at in self._armed_at:
            armed = words[armed_at]
            if armed and armed != self._woken[reader]:  # a number is woken once
                self._woken[reader] = armed
                self._bells[reader]()
        words[PUBLISHED_AT] += 1
        return self.seq

    def newest(self) -> tuple[FrameInfo, memoryview] | None:
        """The frame that was published last, and its bytes: only we could change them."""
        head = self._words[HEAD_AT]
        if head == 0:
            return None
        slot = head & 0xFF
        info = read_info(self.spec, self._words, slot, head >> 8)
        return info, self._memory.payload(slot)[: info.dtype.itemsize * prod(info.shape)].toreadonly()

    def arm(self) -> bool:
        """Ask the `every` readers to ring when they release. True: there is no room yet, go to sleep."""
        self._words[SPACE_AT] = next(self._fresh)
        self._fence()  # or: we miss a release while its reader misses that we wait
        return self.acquire() is None

    def disarm(self) -> None:
        self._words[SPACE_AT] = 0

    def _candidates(self) -> tuple[list[tuple[int, int]], bool]:
        """(word, slot) of what may be re-used: neither the newest nor unread by an `every` reader,
        oldest first. And whether anything is unread."""
        words, spec = self._words, self.spec
        head = words[HEAD_AT]
        newest = head & 0xFF if head else MAX_SLOTS
        slots = [(words[at] >> 1, at, slot) for slot, at in enumerate(spec.slot_at) if slot != newest]
        rows = zip(spec.row_at, spec.rows, strict=True)
        limit = min((words[at + CURSOR] for at, row in rows if row.mode == "every"), default=self.seq)
        read = sorted(entry for entry in slots if entry[0] <= limit)
        return [(at, slot) for _, at, slot in read], len(read) < len(slots)

    def _pinned(self, slot: int) -> bool:
        words, wanted = self._words, slot + 1
        for at in self.spec.pin_at:  # noqa: SIM110  any() of a generator takes twice as long
            if words[at] == wanted:
                return True
        return False
