"""Kill -9 at a chosen step of the protocol, seen from the words alone: no product code takes part.

`open_writer(handle, Fault("before_seq", 3))` gives a real writer whose third store of a seq is never
carried out, because the process kills itself there.
"""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass

from shm import layout
from shm.ring import Attachment, ReaderHandle, RingReader, RingWriter, WriterHandle

# Recognised by the address and the value of a store; the store itself is carried out at those in AFTER.
WRITER_POINTS = (
    "after_claim",  # slot is n|1, the second look still to come
    "after_look",  # the second look found no pin, seq = 0 not yet stored
    "before_put_back",  # the second look found a pin, the claim not yet taken back
    "mid_fill",  # told by the body, between two halves of the pixels
    "before_seq",
    "before_head",
    "before_published",
    "after_space",  # asked the `every` readers to ring
)
READER_POINTS = ("after_pin", "before_unpin", "before_cursor", "after_armed")
AFTER = ("after_claim", "after_pin", "after_armed", "after_space")


@dataclass
class Fault:
    """Die at the `nth` time that `point` is reached. `at_claim(slot)` and `after_claim(slot)` run around
    every store of a claim: what another process does in just that moment."""

    point: str = ""
    nth: int = 1
    at_claim: Callable[[int], None] | None = None
    after_claim: Callable[[int], None] | None = None

    def reached(self, point: str) -> None:
        if not point or point != self.point:
            return
        self.nth -= 1
        if self.nth == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class FaultWords:
    """The words of one endpoint, watched."""

    def __init__(self, words: layout.Words, spec: layout.RingSpec, fault: Fault) -> None:
        self._words, self._fault, self.watching = words, fault, False
        self._slot_of = {at: slot for slot, at in enumerate(spec.slot_at)}
        self._pins = set(spec.pin_at)
        self._armed = {at + layout.ARMED for at in spec.row_at}
        self._cursors = {at + layout.CURSOR for at in spec.row_at}

    def __getitem__(self, at: int) -> int:
        return self._words[at]

    def __setitem__(self, at: int, value: int) -> None:
        if not self.watching:
            self._words[at] = value
            return
        point = self._point(at, value)
        fault, slot = self._fault, self._slot_of.get(at, -1)
        if point == "after_claim" and fault.at_claim:
            fault.at_claim(slot)
        if point not in AFTER:
            fault.reached(point)
        self._words[at] = value
        if point in AFTER:
            fault.reached(point)
        if point == "after_claim" and fault.after_claim:
            fault.after_claim(slot)

    def _point(self, at: int, value: int) -> str:
        if at in self._slot_of:
            return self._slot_point(self._words[at], value)
        if at in self._pins:
            return "after_pin" if value else "before_unpin"
        if at in self._armed:
            return "after_armed" if value else ""
        if at in self._cursors:
            return "before_cursor"
        if at == layout.SPACE_AT and value:
            return "after_space"
        return {layout.HEAD_AT: "before_head", layout.PUBLISHED_AT: "before_published"}.get(at, "")

    @staticmethod
    def _slot_point(present: int, value: int) -> str:
        if not present & 1:
            return "after_claim"
        if value == 1:
            return "after_look"
        return "before_put_back" if value == present & ~1 else "before_seq"


class FaultMemory:
    """A segment as a process sees it that is to die in it."""

    def __init__(self, real: Attachment, fault: Fault) -> None:
        self.spec, self.segment, self._real = real.spec, real.segment, real
        self.words = FaultWords(real.words, real.spec, fault)

    def payload(self, slot: int) -> memoryview:
        return self._real.payload(slot)


def open_writer(handle: WriterHandle, fault: Fault | None = None) -> RingWriter:
    if fault is None:
        return handle.open()
    memory = FaultMemory(Attachment(handle.spec, handle.segment), fault)
    writer = RingWriter(memory, handle.ends)  # type: ignore[arg-type]
    memory.words.watching = True  # what taking over stores is not part of any point
    return writer


def open_reader(handle: ReaderHandle, fault: Fault | None = None) -> RingReader:
    if fault is None:
        return handle.open()
    memory = FaultMemory(Attachment(handle.spec, handle.segment), fault)
    reader = RingReader(memory, handle.row, handle.end)  # type: ignore[arg-type]
    memory.words.watching = True
    return reader


class BlindWords:
    """Words in which no pin is ever seen: what a writer without leases would do."""

    def __init__(self, words: layout.Words, spec: layout.RingSpec) -> None:
        self._words, self._pins = words, set(spec.pin_at)

    def __getitem__(self, at: int) -> int:
        return 0 if at in self._pins else self._words[at]

    def __setitem__(self, at: int, value: int) -> None:
        self._words[at] = value


def blind_writer(handle: WriterHandle) -> RingWriter:
    memory = Attachment(handle.spec, handle.segment)
    memory.words = BlindWords(memory.words, handle.spec)  # type: ignore[assignment]
    return RingWriter(memory, handle.ends)


class InterruptedWords:
    """Words of a reader whose process is interrupted once, after it has loaded `looks` words."""

    def __init__(self, words: layout.Words, looks: int, then: Callable[[], object]) -> None:
        self._words, self._looks, self._then = words, looks, then

    def __getitem__(self, at: int) -> int:
        value = self._words[at]
        self._looks -= 1
        if self._looks == 0:
            self._then()
        return value

    def __setitem__(self, at: int, value: int) -> None:
        self._words[at] = value
