"""The figures of a ring, read from its header words without a lock, by any process, at any time.

Reading them is also the check of them: a value that no run of the protocol can leave in a word is
RingCorrupt. Rows and slots are read before head, and head only grows, so a cursor or a slot that is
ahead of head is no accident of timing.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from shm import layout
from shm.errors import RingCorrupt
from shm.frame import FrameInfo, Source, read_info
from shm.layout import MODES, PINS, RingSpec, Words

COUNT_LIMIT = 1 << 48  # nine thousand years of a thousand frames a second
CLOCK_SLACK = 1 << 40  # ns; clocks of one machine never differ by 18 minutes

_LAUNCHER = ("magic", "version", "slots", "slot_bytes", "generation", "state", "base")
_WRITER = ("epoch", "head", "published", "no_slot", "space")
_ROW = ("mode", "armed", "cursor", "received", "skipped")
_SOURCE = tuple(f"source.{name}" for name in Source._fields)
_LINE = ("pts", "shape01", "shape23", "dtype", "colour")
_SLOT = ("seq<<1|claimed", "t_capture", "t_publish", *_SOURCE, *_LINE)


@dataclass(frozen=True)
class ReaderStats:
    """One reader: frames received and skipped since the segment was made, frames behind head, leases out."""

    name: str
    mode: str
    received: int
    skipped: int
    lag: int
    leases: int


@dataclass(frozen=True)
class RingStats:
    """One ring. `age_s`: since the newest frame was published, None before the first; `used`: slots that
    are newest, leased or being filled."""

    name: str
    state: str
    generation: int
    epoch: int
    seq: int
    published: int
    no_slot: int
    slots: int
    used: int
    slot_bytes: int
    shape: tuple[int, ...]
    dtype: str
    age_s: float | None
    readers: tuple[ReaderStats, ...]

    @classmethod
    def read(cls, spec: RingSpec, words: Words, fence: Callable[[], None]) -> "RingStats":
        """Raises RingCorrupt, naming the word."""
        _check_static(spec, words)
        rows = [_read_row(spec, words, row) for row in range(len(spec.rows))]
        slot_words = [words[at] for at in spec.slot_at]
        published = words[layout.PUBLISHED_AT]
        fence()
        seq, newest = _read_head(spec, words, fence, published)
        for slot, word in enumerate(slot_words):
            _check(spec, f"slot {slot} {_SLOT[0]}", word >> 1 <= (seq + 1 if seq else COUNT_LIMIT), word)
            _check_slot(spec, words, slot, word, fence)
        for row, (mode, cursor, *_) in enumerate(rows):
            sound = cursor <= (seq or COUNT_LIMIT) and (cursor > 0 or not spec.base)
            _check(spec, f"reader {row} cursor", sound, cursor)
            _check(spec, f"reader {row} mode", mode == MODES[spec.rows[row].mode], mode)
        pinned = {pin - 1 for *_, pins in rows for pin in pins if pin}
        filling = {slot for slot, word in enumerate(slot_words) if word & 1}
        info = _newest(spec, words, seq, newest, fence)
        return cls(
            name=spec.name,
            state=layout.STATES[words[layout.STATE_AT]],
            generation=spec.generation,
            epoch=words[layout.EPOCH_AT],
            seq=seq,
            published=published,
            no_slot=words[layout.NO_SLOT_AT],
            slots=spec.slots,
            used=len(pinned | filling | ({newest} if seq else set())),
            slot_bytes=spec.slot_bytes,
            shape=info.shape if info else (),
            dtype=str(info.dtype) if info else "",
            age_s=(time.perf_counter_ns() - info.t_publish) / 1e9 if info else None,
            readers=tuple(
                ReaderStats(
                    name=spec.rows[row].reader,
                    mode=spec.rows[row].mode,
                    received=received,
                    skipped=skipped,
                    lag=max(0, seq - cursor) if spec.rows[row].mode != "by-source" else 0,
                    leases=sum(pin > 0 for pin in pins),
                )
                for row, (_, cursor, received, skipped, pins) in enumerate(rows)
            ),
        )


def dump_header(spec: RingSpec, words: Words) -> str:
    """Every header word with its name, for the log, when a ring is corrupt."""
    lines = [f"ring {spec.name}: {spec}"]
    lines += [_dump_line("launcher", _LAUNCHER, words, 0), _dump_line("writer", _WRITER, words, layout.LINE)]
    for row, at in zip(spec.rows, spec.row_at, strict=True):
        names = (*_ROW, *(f"pin{i}" for i in range(row.pins)))
        lines.append(_dump_line(f"reader {row.reader}", names, words, at))
    lines += [_dump_line(f"slot {slot}", _SLOT, words, at) for slot, at in enumerate(spec.slot_at)]
    return "\n".join(lines)


def _dump_line(owner: str, names: tuple[str, ...], words: Words, at: int) -> str:
    return f"  {owner}: " + " ".join(f"{name}={words[at + i]:#x}" for i, name in enumerate(names))


def _newest(spec: RingSpec, words: Words, seq: int, slot: int, fence: Callable[[], None]) -> FrameInfo | None:
    """The newest frame's line; None before the first, or when the writer re-uses it under our eyes."""
    if seq <= spec.base:
        return None
    try:
        info = read_info(spec, words, slot, seq)
    except RingCorrupt:
        info = None
    fence()
    return info if words[spec.slot_at[slot]] == seq << 1 else None


def _check(spec: RingSpec, word: str, sound: bool, value: int) -> None:
    if not sound:
        raise RingCorrupt(spec.name, f"header word {word!r} is {value:#x}, which cannot be")


def _check_static(spec: RingSpec, words: Words) -> None:
    expected = (layout.MAGIC, layout.VERSION, spec.slots, spec.slot_bytes, spec.generation)
    for at, value in enumerate(expected):
        _check(spec, _LAUNCHER[at], words[at] == value, words[at])
    _check(spec, "state", words[layout.STATE_AT] in layout.STATES, words[layout.STATE_AT])
    _check(spec, "base", words[layout.BASE_AT] == spec.base, words[layout.BASE_AT])
    for at in (layout.EPOCH_AT, layout.PUBLISHED_AT, layout.NO_SLOT_AT):
        _check(spec, _WRITER[at - layout.LINE], words[at] < COUNT_LIMIT, words[at])
    _check_clock(spec, "space", words[layout.SPACE_AT])


def _check_clock(spec: RingSpec, word: str, value: int) -> None:
    _check(spec, word, value <= time.perf_counter_ns() + CLOCK_SLACK, value)


def _read_row(spec: RingSpec, words: Words, row: int) -> tuple[int, int, int, int, list[int]]:
    """mode, cursor, received, skipped, pins."""
    at = spec.row_at[row]
    pins = [words[at + PINS + i] for i in range(spec.rows[row].pins)]
    for i, pin in enumerate(pins):
        _check(spec, f"reader {row} pin {i}", pin <= spec.slots, pin)
    counts = words[at + layout.RECEIVED], words[at + layout.SKIPPED]
    _check(spec, f"reader {row} received", counts[0] < COUNT_LIMIT, counts[0])
    _check(spec, f"reader {row} skipped", counts[1] < COUNT_LIMIT, counts[1])
    _check_clock(spec, f"reader {row} armed", words[at + layout.ARMED])
    return words[at], words[at + layout.CURSOR], *counts, pins


def _read_head(spec: RingSpec, words: Words, fence: Callable[[], None], published: int) -> tuple[int, int]:
    """(seq, slot) of the newest frame. Its slot holds it for as long as head names it."""
    while True:
        head = words[layout.HEAD_AT]
        seq, slot = head >> 8, head & 0xFF
        sound = slot < spec.slots and seq < COUNT_LIMIT and (head > 0 or not published)
        _check(spec, "head", sound, head)
        fence()
        held = words[spec.slot_at[slot]]
        _check(spec, "epoch", words[layout.EPOCH_AT] > 0 or not head, 0)
        fence()
        if words[layout.HEAD_AT] == head:
            _check(spec, f"head or slot {slot} {_SLOT[0]}", held == seq << 1 or not head, held)
            return seq, slot


def _check_slot(spec: RingSpec, words: Words, slot: int, word: int, fence: Callable[[], None]) -> None:
    """The rest of a slot's line, unless it is empty or changes while we look."""
    if word >> 1 == 0 or word & 1:
        return
    try:
        info = read_info(spec, words, slot, word >> 1)
        now, source = time.perf_counter_ns() + CLOCK_SLACK, info.source
        values = (info.t_capture, info.t_publish, source.generation, source.seq, source.slot)
        limits = (now, now, COUNT_LIMIT, COUNT_LIMIT, layout.MAX_SLOTS)
        wrong = [name for name, value, limit in zip(_SLOT[1:6], values, limits, strict=True) if value > limit]
        wrong += [] if info.colour.isascii() else ["colour"]
        problem = f"slot {slot}: {wrong[0]} cannot be: {info}" if wrong else None
    except RingCorrupt as error:
        problem = error.what
    fence()
    if problem and words[spec.slot_at[slot]] == word:
        raise RingCorrupt(spec.name, problem)
