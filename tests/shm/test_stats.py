"""The figures are right, a word that cannot be is named, and a ring that runs never raises an alarm."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from shm import layout
from shm.errors import RingCorrupt
from shm.fence import make_fence
from shm.frame import Source
from shm.layout import RingSpec, RowSpec
from shm.lease import Lease
from shm.ring import Ring, RingReader, RingWriter
from shm.stats import RingStats, dump_header
from tests.shm.ring_processes import Crew, Part, make_ring, make_tally, read, write

pytestmark = pytest.mark.timeout(60)

ROWS = (
    RowSpec("show", "latest", 2),
    RowSpec("job", "every", 2),
    RowSpec("record", "every-or-count", 1),
    RowSpec("join", "by-source", 1),
)
BASE, FRAMES = 1000, 5


@dataclass
class Used:
    """A ring in use: frames 1001 to 1005; show leases 1005, join 1003; job has read 1002, record all.
    show and the writer are armed."""

    ring: Ring
    writer: RingWriter
    readers: dict[str, RingReader]
    leases: list[Lease]
    slot_of: dict[int, int]

    def stats(self) -> RingStats:
        return RingStats.read(self.ring.spec, self.ring.words, make_fence())


@pytest.fixture
def used() -> Iterator[Used]:
    spec = RingSpec(f"stats-{os.getpid()}", 8, 4096, ROWS, generation=3, base=BASE)
    ring = make_ring(spec)
    ring.set_state(layout.LIVE)
    writer = ring.writer().open()
    readers = {row.reader: ring.reader(row.reader).open() for row in ROWS}
    slot_of = {}
    for i in range(FRAMES):
        put(writer, source=Source(2, 77 + i, 1))
        slot_of[writer.seq] = ring.words[layout.HEAD_AT] & 0xFF
        take(readers["record"])
    take(readers["job"])
    take(readers["job"])
    leases = [readers["show"].lease(), readers["join"].lease_source(Source(3, BASE + 3, slot_of[BASE + 3]))]
    readers["show"].arm()
    ring.words[layout.SPACE_AT] = time.perf_counter_ns()  # as if armed; there is room, so it would acquire
    yield Used(ring, writer, readers, leases, slot_of)  # type: ignore[arg-type]
    ring.close()


def put(writer: RingWriter, **more: Any) -> None:
    slot = writer.acquire()
    assert slot is not None
    slot.view((2, 3), ">f4")[:] = 1
    writer.publish(slot, t_capture=time.perf_counter_ns(), colour="depth", **more)


def take(reader: RingReader) -> None:
    lease = reader.lease()
    assert lease is not None
    lease.release()


def test_the_figures_of_a_ring(used: Used) -> None:
    stats = used.stats()
    assert (stats.name, stats.state, stats.generation, stats.epoch) == (used.ring.spec.name, "live", 3, 1)
    assert (stats.seq, stats.published, stats.no_slot) == (BASE + FRAMES, FRAMES, 0)
    assert (stats.slots, stats.used, stats.slot_bytes) == (8, 2, 4096), "the newest is leased; one more is"
    assert (stats.shape, stats.dtype) == ((2, 3), ">f4")
    assert stats.age_s is not None
    assert 0 <= stats.age_s < 30
    figures = {r.name: (r.mode, r.received, r.skipped, r.lag, r.leases) for r in stats.readers}
    assert figures == {
        "show": ("latest", 1, 4, 0, 1),
        "job": ("every", 2, 0, 3, 0),
        "record": ("every-or-count", 5, 0, 0, 0),
        "join": ("by-source", 1, 0, 0, 1),
    }
    for lease in used.leases:
        lease.release()
    used.writer.acquire()
    stats = used.stats()
    assert stats.used == 2, "the newest, and the one that is being filled"
    assert sum(reader.leases for reader in stats.readers) == 0


def test_the_figures_of_a_ring_that_nobody_has_written_to() -> None:
    ring = make_ring(RingSpec(f"stats-new-{os.getpid()}", 4, 4096, ROWS, base=7))
    for epoch in range(3):
        stats = RingStats.read(ring.spec, ring.words, make_fence())
        assert (stats.state, stats.epoch, stats.seq, stats.used) == ("starting", epoch, 0, 0)
        assert (stats.shape, stats.dtype, stats.age_s) == ((), "", None)
        assert [reader.lag for reader in stats.readers] == [0, 0, 0, 0]
        ring.writer().open()
    ring.close()


# Corruption -------------------------------------------------------------------------------------------

ALL_ONES, HIGH_BIT = (1 << 64) - 1, 1 << 63
LAUNCHER = ("magic", "version", "slots", "slot_bytes", "generation", "state", "base")
WRITER = ("epoch", "head", "published", "no_slot", "space")
ROW = ("mode", "armed", "cursor", "received", "skipped")
SLOT = (
    "seq<<1|claimed",
    "t_capture",
    "t_publish",
    "source.generation",
    "source.seq",
    "source.slot",
    "pts",
    "shape01",
    "shape23",
    "dtype",
    "colour",
)
VALUES = {"zero": lambda _: 0, "ones": lambda _: ALL_ONES, "high bit": lambda word: word ^ HIGH_BIT}

# shape and dtype only make no sense together; the message shows them both
SAID = {"shape01": ("dimensions",), "dtype": ("dtype", "dimensions")}

# What a corrupt word could also mean when the ring is sound, so that nobody can tell.
PLAUSIBLE = {
    ("published", "zero"): "counts one less than head for each death between head and the count; a figure",
    ("no_slot", "zero"): "there was always a slot; a figure",
    ("space", "zero"): "the writer does not wait; it looks again when it next arms",
    ("armed", "zero"): "the reader does not sleep; it looks again when it next arms",
    ("received", "zero"): "a restarted launcher's successor may count from 0; a figure",
    ("skipped", "zero"): "nothing was skipped; a figure",
    ("pin", "zero"): "no lease",
    ("seq<<1|claimed", "zero"): "a slot that was being filled when its writer died; an `every` reader that "
    "has not read it says that a frame is missing",
    ("t_capture", "zero"): "any time in the past",
    ("t_publish", "zero"): "any time in the past",
    ("source.generation", "zero"): "made from nothing",
    ("source.seq", "zero"): "made from nothing",
    ("source.slot", "zero"): "slot 0 is a slot",
    ("pts", "zero"): "any number of microseconds, also negative",
    ("pts", "ones"): "any number of microseconds, also negative",
    ("pts", "high bit"): "any number of microseconds, also negative",
    ("shape23", "zero"): "two dimensions use only the first word",
    ("shape23", "ones"): "two dimensions use only the first word",
    ("shape23", "high bit"): "two dimensions use only the first word",
    ("colour", "zero"): "no colour is said",
}
# In a slot that is not the newest, and in rows of readers that do not sleep, hold or skip, some words hold 0
# anyway; there "zero" changes nothing.


def _words(spec: RingSpec) -> list[tuple[str, str, int]]:
    """(owner, name, address) of every word of the header."""
    found = [("", name, at) for at, name in enumerate(LAUNCHER)]
    found += [("", name, layout.LINE + i) for i, name in enumerate(WRITER)]
    for row, at in enumerate(spec.row_at):
        found += [(f"reader {row}", name, at + i) for i, name in enumerate(ROW)]
        found += [(f"reader {row}", "pin", at + layout.PINS + i) for i in range(spec.rows[row].pins)]
    for slot, at in enumerate(spec.slot_at):
        found += [(f"slot {slot}", name, at + i) for i, name in enumerate(SLOT)]
    return found


WORDS = _words(RingSpec("any", 8, 4096, ROWS))


@pytest.mark.parametrize("how", VALUES)
@pytest.mark.parametrize("at", range(len(WORDS)), ids=[" ".join(word[:2]).strip() for word in WORDS])
def test_a_word_that_cannot_be_is_named_and_any_other_does_no_harm(used: Used, at: int, how: str) -> None:
    owner, name, address = WORDS[at]
    words, spec = used.ring.words, used.ring.spec
    before = words[address]
    value = VALUES[how](before)
    empty = owner.startswith("slot") and name != SLOT[0] and not words[spec.slot_at[int(owner[5:])]]
    newest = owner == f"slot {used.slot_of[BASE + FRAMES]}"
    words[address] = value
    assert f"{name}" in dump_header(spec, words)
    assert f"={value:#x}" in dump_header(spec, words)
    undetectable = value == before or empty or ((name, how) in PLAUSIBLE and not (newest and name == SLOT[0]))
    if not undetectable:
        with pytest.raises(RingCorrupt) as caught:
            used.stats()
        message = str(caught.value)
        assert message.startswith(f"ring {spec.name}: ")
        assert owner in message
        said = SAID.get(name, (name,))
        assert any(word in message for word in said), f"the message does not name the word: {message}"
    elif name == SLOT[0] and how == "zero" and before >> 1 > used.readers["job"].seq:
        used.stats()
        with pytest.raises(RingCorrupt, match=f"frame {before >> 1} .*is missing"):
            _runs_on(used)
    else:
        used.stats()
        _runs_on(used)


def _runs_on(used: Used) -> None:
    """Everyone goes on as if nothing had been."""
    for lease in used.leases:
        lease.release()
    for reader in used.readers.values():
        reader.disarm()
    used.writer.disarm()
    job, record = used.readers["job"], used.readers["record"]
    with_gap = job.seq
    for _ in range(20):
        while used.writer.acquire() is None:
            lease = job.lease()
            assert lease is not None
            lease.release()
        put(used.writer)
        with used.readers["show"].lease() as lease:
            assert (lease.frame == 1).all()
        take(record)
    assert used.stats().seq == BASE + FRAMES + 20
    assert with_gap <= job.seq


def test_a_dump_shows_every_word_with_its_name(used: Used) -> None:
    text = dump_header(used.ring.spec, used.ring.words)
    for row in ROWS:
        assert f"reader {row.reader}: mode=" in text
    assert f"head={(BASE + FRAMES) << 8 | used.slot_of[BASE + FRAMES]:#x}" in text
    assert text.count("seq<<1|claimed=") == 8
    assert text.count("=") >= len(WORDS)


def test_rubbish_anywhere_is_never_more_than_ring_corrupt(used: Used) -> None:
    """Whatever a word holds: figures, or RingCorrupt; never another error. Bits, bytes and whole words."""
    rng = np.random.default_rng(5)
    words, limit = used.ring.words, time.monotonic() + 2
    addresses = [address for _, _, address in WORDS]
    while time.monotonic() < limit:
        address = int(rng.choice(addresses))
        before = words[address]
        kind = rng.integers(3)
        if kind == 0:
            words[address] = before ^ 1 << int(rng.integers(64))
        elif kind == 1:
            words[address] = int(rng.integers(1 << 63)) << 1 | int(rng.integers(2))
        else:
            data = rng.choice(list(b"\0 <>|=(),'[]{}0123456789abcdefiuOSUVMm"), 8).astype(np.uint8).tobytes()
            words[address] = int.from_bytes(data, "little")
        try:
            used.stats()
        except RingCorrupt:
            assert dump_header(used.ring.spec, words)
        words[address] = before


# False alarms -----------------------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the processes of this test are forked")
@pytest.mark.parametrize("base", [0, 1000])
def test_a_ring_at_full_speed_never_raises_an_alarm(base: int) -> None:
    rows = (
        RowSpec("show", "latest", 1),
        RowSpec("record", "every-or-count", 1),
        RowSpec("job", "every", 1),
    )
    ring = make_ring(RingSpec(f"alarm-{os.getpid()}", 8, 64, rows, base=base))
    fence, last, looks = make_fence(), 0, 0
    with Crew() as crew:
        parts = [
            crew.start(Part(name, read, (ring.reader(name), make_tally(), crew.stop), ((ring, name),)))
            for name in ("show", "record", "job")
        ]
        parts.append(crew.start(Part("writer", write, (ring.writer(), make_tally(), crew.stop), (), (ring,))))
        end = time.monotonic() + 3
        while time.monotonic() < end:
            stats = RingStats.read(ring.spec, ring.words, fence)
            assert stats.seq >= last
            assert all(reader.lag >= 0 and reader.leases <= 1 for reader in stats.readers)
            last, looks = stats.seq, looks + 1
        crew.finish(*parts)
    assert last > base + 1000
    assert looks > 1000
    ring.close()


def test_no_alarm_at_any_step_of_a_frame_in_a_new_segment() -> None:
    """Figures are read between any two stores of the writer and of a reader, in a segment whose first frame
    is far above its base, and after deaths before the head is stored."""
    ring = make_ring(RingSpec(f"steps-{os.getpid()}", 4, 4096, ROWS[1:2], base=BASE))
    writer, reader = ring.writer().open(), ring.reader("job").open()
    writer.seq = reader.seq = BASE + 3  # they come from an older segment
    fence, alarms = make_fence(), []

    class Watched:
        def __getitem__(self, at: int) -> int:
            return ring.words[at]

        def __setitem__(self, at: int, value: int) -> None:
            for store in (False, True):
                if store:
                    ring.words[at] = value
                try:
                    RingStats.read(ring.spec, ring.words, fence)
                except RingCorrupt as alarm:
                    alarms.append(str(alarm))

    writer._words = reader._words = Watched()
    for _ in range(10):
        put(writer)
        take(reader)
    assert alarms == []
    ring.close()
