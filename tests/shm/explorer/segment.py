"""A ring segment on the simulated memory.

Words that order things (head, the slots' seq, pins, armed numbers, cursors, epoch) are weak and are turns
for the scheduler. Of a slot's line, pts, source, shape and dtype stand for all of it; with one pixel word a
slot they are data. What nobody orders by (counters, static words, times) is plain.
"""

from functools import lru_cache
from typing import NamedTuple

from shm import layout
from shm.layout import RingSpec
from tests.shm.explorer.memory_model import Thread
from tests.shm.explorer.scheduler import Machine

DATA = {
    "pts": layout.PTS,
    "source.seq": layout.SOURCE_SEQ,
    "source.slot": layout.SOURCE_SLOT,
    "shape": layout.SHAPE_01,
    "dtype": layout.DTYPE,
}


class Plan(NamedTuple):
    """Word number → name, for the three kinds of simulated words."""

    of_rows: dict[int, str]
    of_writer: dict[int, str]
    data: dict[int, str]
    pixels: tuple[str, ...]


@lru_cache
def plan(spec: RingSpec) -> Plan:
    rows, ring = {}, spec.name if spec.generation == 1 else f"{spec.name}/{spec.generation}"
    for at, row in zip(spec.row_at, spec.rows, strict=True):
        name = f"{ring}.{row.reader}"
        rows[at + layout.ARMED] = f"{name}.armed"
        if row.mode == "every":  # nobody looks at the other cursors until their reader is reaped
            rows[at + layout.CURSOR] = f"{name}.cursor"
        rows |= {at + layout.PINS + pin: f"{name}.pin{pin}" for pin in range(row.pins)}
    writer = {
        layout.HEAD_AT: f"{ring}.head",
        layout.SPACE_AT: f"{ring}.space",
        layout.EPOCH_AT: f"{ring}.epoch",
    }
    writer |= {at: f"{ring}.slot{slot}" for slot, at in enumerate(spec.slot_at)}
    data = {
        at + offset: f"{ring}.slot{slot}.{name}"
        for slot, at in enumerate(spec.slot_at)
        for name, offset in DATA.items()
    }
    return Plan(rows, writer, data, tuple(f"{ring}.slot{slot}.pixels" for slot in range(spec.slots)))


class SimWords:
    """`words[at]` and `words[at] = value`, as Writer, Reader and Ring see them."""

    def __init__(self, machine: Machine, ordering: dict[int, int], data: dict[int, int], size: int) -> None:
        self._machine, self._ordering, self._data = machine, ordering, data
        self._plain = [0] * size

    def __getitem__(self, at: int) -> int:
        if at in self._ordering:
            return self._machine.load(self._ordering[at])
        if at in self._data:
            return self._machine.read_data(self._data[at])
        return self._plain[at]

    def __setitem__(self, at: int, value: int) -> None:
        if at in self._ordering:
            self._machine.store(self._ordering[at], value)
        elif at in self._data:
            self._machine.write_data(self._data[at], value)
        else:
            self._plain[at] = value


class SimSegment:
    """layout.Memory: one segment that all actors share. They register as its writer or readers."""

    def __init__(self, machine: Machine, spec: RingSpec) -> None:
        self.machine, self.spec = machine, spec
        self.writers: list[Thread] = []
        self.readers: list[Thread] = []
        allocate, kinds = machine.memory.allocate, plan(spec)
        self.row_words = {at: allocate(name, self.writers) for at, name in kinds.of_rows.items()}
        self.writer_words = {at: allocate(name, self.readers) for at, name in kinds.of_writer.items()}
        data = {at: allocate(name, self.readers, data=True) for at, name in kinds.data.items()}
        self.pixels = [allocate(name, self.readers, data=True) for name in kinds.pixels]
        self.words = SimWords(machine, self.row_words | self.writer_words, data, spec.header_words)
        layout.format_header(spec, self.words)

    def payload(self, slot: int) -> memoryview:
        """Real memory, so that views and leases are real; the pixels that are checked are `pixels`."""
        return memoryview(bytearray(self.spec.slot_bytes))

    def newest(self, at: int) -> int:
        """What a word holds now, for the checks of the explorer itself."""
        words = self.writer_words if at in self.writer_words else self.row_words
        return self.machine.memory.newest[words[at]] if at in words else self.plain(at)

    def words_of(self, reader: str) -> list[int]:
        """The locations of a reader's row."""
        first = self.spec.row_at[self.spec.row(reader)]
        return [self.row_words[at] for at in self.row_words if first <= at < first + self.spec.row_words]

    def plain(self, at: int) -> int:
        return self.words._plain[at]

    def newest_frame(self) -> int:
        """The highest seq that head or a slot that is not claimed names."""
        words = [self.newest(at) for at in self.spec.slot_at]
        return max(self.newest(layout.HEAD_AT) >> 8, *(word >> 1 for word in words if not word & 1))
