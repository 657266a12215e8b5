"""Where each 8-byte word of a ring segment lies and who writes it.

    line            owner      words
    0               launcher   magic  version  slots  slot_bytes  generation  state  base
    1               writer     epoch  head  published  no_slot  space
    2 …             reader r   mode  armed  cursor  received  skipped  pin 0 … pin P-1
    2 + R·L …       slot i     seq<<1|claimed  t_capture  t_publish  source{generation, seq, slot}
                               pts  shape×2  dtype  colour
    (next page) …   payloads   slot_bytes each, rounded up to whole pages

A line is 128 bytes (two cache lines: the adjacent-line prefetcher pairs them), so no two owners share
one. R readers take L lines each; the slot lines belong to the writer. Words are unsigned and aligned, so
a load or store of one never tears. After reaping a dead owner the launcher writes its words until the
successor starts.
"""

from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, Literal, Protocol, Self, get_args

WORD, WORD_MASK = 8, (1 << 64) - 1
LINE = 16  # words
PAGE = 4096
MAX_SLOTS = 255
MAX_READERS = 16
MAGIC = int.from_bytes(b"STEREORG", "little")
VERSION = 1

MAGIC_AT, VERSION_AT, SLOTS_AT, SLOT_BYTES_AT, GENERATION_AT, STATE_AT, BASE_AT = range(7)
EPOCH_AT, HEAD_AT, PUBLISHED_AT, NO_SLOT_AT, SPACE_AT = range(LINE, LINE + 5)
MODE, ARMED, CURSOR, RECEIVED, SKIPPED, PINS = range(6)  # offsets in a reader's row
SEQ, T_CAPTURE, T_PUBLISH, SOURCE_GENERATION, SOURCE_SEQ, SOURCE_SLOT = range(6)  # offsets in a slot's line
PTS, SHAPE_01, SHAPE_23, DTYPE, COLOUR = range(6, 11)

STARTING, LIVE, AWAY, FAILED = range(1, 5)
STATES = {STARTING: "starting", LIVE: "live", AWAY: "away", FAILED: "failed"}

Mode = Literal["latest", "every", "every-or-count", "by-source"]
MODES: dict[str, int] = {name: code for code, name in enumerate(get_args(Mode), start=1)}


@dataclass(frozen=True)
class RowSpec:
    """One reader: its worker's name, how it reads, and how many leases it can hold at once."""

    reader: str
    mode: Mode
    pins: int


@dataclass(frozen=True)
class RingSpec:
    """The shape of one segment. `base`: every seq in this segment is greater than it."""

    name: str
    slots: int
    slot_bytes: int
    rows: tuple[RowSpec, ...]
    generation: int = 1
    base: int = 0

    def __post_init__(self) -> None:
        if not 2 <= self.slots <= MAX_SLOTS:
            raise ValueError(f"ring {self.name}: {self.slots} slots; a ring has 2 to {MAX_SLOTS}")
        if self.slot_bytes < 1:
            raise ValueError(f"ring {self.name}: slots of {self.slot_bytes} bytes")
        if len(self.rows) > MAX_READERS:
            raise ValueError(f"ring {self.name}: {len(self.rows)} readers; a ring has at most {MAX_READERS}")
        if len({row.reader for row in self.rows}) < len(self.rows):
            raise ValueError(f"ring {self.name}: two readers have one name: {self.rows}")
        for row in self.rows:
            if row.mode not in MODES or row.pins < 1:
                raise ValueError(f"ring {self.name}: reader {row.reader}: {row.mode} with {row.pins} pins")

    @cached_property
    def row_words(self) -> int:
        most = max((row.pins for row in self.rows), default=1)
        return -(-(PINS + most) // LINE) * LINE

    @cached_property
    def row_at(self) -> tuple[int, ...]:
        """First word of each reader's row."""
        return tuple(2 * LINE + i * self.row_words for i in range(len(self.rows)))

    @cached_property
    def slot_at(self) -> tuple[int, ...]:
        """First word of each slot's line."""
        first = 2 * LINE + len(self.rows) * self.row_words
        return tuple(first + i * LINE for i in range(self.slots))

    @cached_property
    def pin_at(self) -> tuple[int, ...]:
        """Every pin word of every reader."""
        rows = zip(self.row_at, self.rows, strict=True)
        return tuple(at + PINS + i for at, row in rows for i in range(row.pins))

    @cached_property
    def header_words(self) -> int:
        return self.slot_at[-1] + LINE

    @cached_property
    def slot_stride(self) -> int:
        return -(-self.slot_bytes // PAGE) * PAGE

    @cached_property
    def payload_at(self) -> int:
        """Byte offset of the first payload."""
        return -(-self.header_words * WORD // PAGE) * PAGE

    @cached_property
    def nbytes(self) -> int:
        return self.payload_at + self.slots * self.slot_stride

    def row(self, reader: str) -> int:
        """The row number of a reader, by its worker's name."""
        return next(i for i, row in enumerate(self.rows) if row.reader == reader)

    def successor(self, slot_bytes: int, base: int) -> "RingSpec":
        """The same ring with larger slots, one generation on."""
        return replace(self, slot_bytes=slot_bytes, generation=self.generation + 1, base=base)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        return cls(**{**data, "rows": tuple(RowSpec(**row) for row in data["rows"])})


class Words(Protocol):
    """Aligned 8-byte words; a `memoryview.cast("Q")` outside of tests."""

    def __getitem__(self, at: int, /) -> int: ...
    def __setitem__(self, at: int, value: int, /) -> None: ...


class Memory(Protocol):
    """A segment as one process sees it."""

    @property
    def spec(self) -> RingSpec: ...
    @property
    def words(self) -> Words: ...
    def payload(self, slot: int) -> memoryview: ...


def format_header(spec: RingSpec, words: Words) -> None:
    """Write a fresh header. Reader rows are active with cursor = base before any process starts."""
    static = (MAGIC, VERSION, spec.slots, spec.slot_bytes, spec.generation, STARTING, spec.base)
    for at, value in enumerate(static):
        words[at] = value
    for at, row in zip(spec.row_at, spec.rows, strict=True):
        words[at + MODE] = MODES[row.mode]
        words[at + CURSOR] = spec.base
