"""What each mode promises, what a lease refuses, and what sleeping processes do."""

import itertools
import os
import select
import signal
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import psutil
import pytest

from shm import layout
from shm.errors import FrameTooLarge, LeaseEscaped, RingError, SourceGone
from shm.frame import Source
from shm.layout import RingSpec, RowSpec
from shm.lease import Lease
from shm.ring import Ring, RingReader, RingWriter
from shm.wake import EventEnd, wait
from tests.shm.fault_words import Fault, InterruptedWords, open_writer
from tests.shm.ring_processes import Crew, Part, is_whole, make_ring, make_tally, read, until, write

pytestmark = pytest.mark.timeout(60)
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="the processes of this test are forked")

MakeRing = Callable[..., Ring]


@pytest.fixture
def make() -> Iterator[MakeRing]:
    """`make(slots, show="latest", job=("every", 2), base=…)`: a ring with these rows."""
    rings = []

    def make(slots: int, *, slot_bytes: int = 4096, base: int = 0, **rows: Any) -> Ring:
        table = tuple(
            RowSpec(name, *(row if isinstance(row, tuple) else (row, 1))) for name, row in rows.items()
        )
        rings.append(make_ring(RingSpec(f"modes-{os.getpid()}", slots, slot_bytes, table, base=base)))
        return rings[-1]

    yield make
    for ring in rings:
        ring.close()


def put(writer: RingWriter, **more: Any) -> int:
    """Publish a frame that is filled with its seq."""
    slot = writer.acquire()
    assert slot is not None
    slot.view((64,), np.uint64)[:] = writer.seq + 1
    return writer.publish(slot, t_capture=time.perf_counter_ns(), **more)


def take(reader: RingReader) -> int | None:
    """The seq of the next frame, which is whole; its lease has ended."""
    lease = reader.lease()
    if lease is None:
        return None
    with lease:
        assert is_whole(lease.frame, lease.info.seq)
        return lease.info.seq


def counts(ring: Ring, name: str) -> tuple[int, int]:
    """(received, skipped)"""
    at = ring.spec.row_at[ring.spec.row(name)]
    return ring.words[at + layout.RECEIVED], ring.words[at + layout.SKIPPED]


# Modes ------------------------------------------------------------------------------------------------


def test_latest_gives_the_newest_frame_once_and_counts_what_it_skips(make: MakeRing) -> None:
    ring = make(4, show="latest")
    writer, reader = ring.writer().open(), ring.reader("show").open()
    assert take(reader) is None
    put(writer)
    assert [take(reader), take(reader)] == [1, None]
    for _ in range(5):
        put(writer)
    assert [take(reader), take(reader)] == [6, None]
    assert counts(ring, "show") == (2, 4)


def test_every_makes_the_writer_wait_and_loses_nothing(make: MakeRing) -> None:
    ring = make(4, job="every")
    writer, reader = ring.writer().open(), ring.reader("job").open()
    got: list[int | None] = []
    for _ in range(50):
        while writer.acquire() is not None:
            put(writer)
        assert writer.arm(), "there is no room: go to sleep"
        writer.disarm()
        got.append(take(reader))
        assert not writer.arm(), "there is room again"
        writer.disarm()
    while (seq := take(reader)) is not None:
        got.append(seq)
    assert got == list(range(1, len(got) + 1)) and len(got) >= 50  # noqa: PT018
    assert ring.words[layout.NO_SLOT_AT] == 0, "waiting for a reader is no sizing error"
    assert counts(ring, "job") == (len(got), 0)


def test_every_holds_the_writer_before_its_process_has_even_started(make: MakeRing) -> None:
    ring = make(3, job="every")
    writer = ring.writer().open()
    while writer.acquire() is not None:
        put(writer)
    reader = ring.reader("job").open()
    assert take(reader) == 1, "the first frame is still there"


def test_two_readers_of_every_frame_each_get_them_all_and_the_slower_one_decides(make: MakeRing) -> None:
    ring = make(5, fast="every", slow="every")
    writer, fast, slow = ring.writer().open(), ring.reader("fast").open(), ring.reader("slow").open()
    got: dict[str, list[int]] = {"fast": [], "slow": []}
    for round_ in itertools.count():
        while writer.acquire() is not None:
            put(writer)
        while (seq := take(fast)) is not None:
            got["fast"].append(seq)
        if (seq := take(slow)) is not None:
            got["slow"].append(seq)
        assert writer.seq <= len(got["slow"]) + ring.spec.slots, "no slot that `slow` has not read is re-used"
        if round_ == 40:
            break
    assert got["fast"] == list(range(1, len(got["fast"]) + 1))
    assert got["slow"] == list(range(1, 42))


def test_a_frame_that_an_every_reader_still_leases_holds_back_only_itself(make: MakeRing) -> None:
    """cursor = oldest unreleased - 1, so frames that were released out of order wait for the oldest."""
    ring = make(6, job=("every", 3))
    writer, reader = ring.writer().open(), ring.reader("job").open()
    for _ in range(3):
        put(writer)
    leases = [reader.lease() for _ in range(3)]
    cursor = ring.spec.row_at[0] + layout.CURSOR
    seen = []
    for i in (1, 2, 0):
        lease = leases[i]
        assert lease is not None
        lease.release()
        seen.append(ring.words[cursor])
    assert seen == [0, 0, 3]


@pytest.mark.parametrize("mode", ["every", "every-or-count"])
def test_nobody_is_misled_by_frames_that_are_published_while_they_look(make: MakeRing, mode: str) -> None:
    """A reader looks at one slot after the other. Two frames that are published in between, the first into
    a slot already looked at, must not make the second look like the next."""
    for slots, looks in itertools.product((4, 6), range(1, 16)):
        ring = make(slots, job=mode)
        writer, reader = ring.writer().open(), ring.reader("job").open()
        for _ in range(7):
            put(writer)
            assert take(reader) == writer.seq
        put(writer)
        reader._words = InterruptedWords(reader._words, looks, lambda w=writer: (put(w), put(w)))
        got = [take(reader)]
        reader._words = ring.words
        got += iter(lambda r=reader: take(r), None)
        assert got == list(range(8, writer.seq + 1)), f"{slots} slots, interrupted after {looks} looks"
        if writer.seq == 8:
            break  # it looked less often than that


@pytest.mark.parametrize("mode", ["every", "every-or-count"])
def test_a_reader_that_has_it_all_is_not_misled_either(make: MakeRing, mode: str) -> None:
    for slots, looks in itertools.product((4, 6), range(1, 16)):
        ring = make(slots, job=mode)
        writer, reader = ring.writer().open(), ring.reader("job").open()
        for _ in range(7):
            put(writer)
            assert take(reader) == writer.seq
        reader._words = InterruptedWords(reader._words, looks, lambda w=writer: (put(w), put(w)))
        first = take(reader)
        reader._words = ring.words
        got = [*([first] if first else []), *iter(lambda r=reader: take(r), None)]
        assert got == list(range(8, writer.seq + 1)), f"{slots} slots, interrupted after {looks} looks"
        if writer.seq == 7:
            break


def test_every_or_count_never_holds_the_writer_and_counts_its_gaps_exactly(make: MakeRing) -> None:
    ring = make(6, record="every-or-count")
    writer, reader = ring.writer().open(), ring.reader("record").open()
    got, lost = [], 0
    for burst in (1, 3, 20, 0, 2, 7, 100, 1):
        for _ in range(burst):
            put(writer)
        while (seq := take(reader)) is not None:
            lost += seq - (got[-1] if got else 0) - 1
            got.append(seq)
    assert got == sorted(set(got))
    assert got[-1] == writer.seq
    assert lost > 0
    assert counts(ring, "record") == (len(got), lost)
    assert len(got) + lost == writer.seq, "each frame was either received or counted"


@pytest.mark.parametrize("mode", ["latest", "every-or-count"])
def test_frames_before_the_first_received_one_are_counted_as_well(make: MakeRing, mode: str) -> None:
    ring = make(4, late=mode, base=1000)
    writer, reader = ring.writer().open(), ring.reader("late").open()
    for _ in range(50):
        put(writer)
    seqs = list(iter(lambda: take(reader), None))
    assert counts(ring, "late") == (len(seqs), 50 - len(seqs))


def test_history_is_there_for_a_recorder_that_comes_late(make: MakeRing) -> None:
    ring = make(10, record="every-or-count")
    writer = ring.writer().open()
    for _ in range(7):
        put(writer)
    reader = ring.reader("record").open()
    assert [take(reader) for _ in range(8)] == [*range(1, 8), None]


def test_a_successor_of_a_reader_goes_on_after_the_last_frame_that_was_released(make: MakeRing) -> None:
    ring = make(8, job=("every", 3), record=("every-or-count", 3), show="latest")
    writer = ring.writer().open()
    for _ in range(4):
        put(writer)
    for name in ("job", "record"):
        reader = ring.reader(name).open()
        leases = [reader.lease() for _ in range(3)]
        assert leases[0] is not None
        leases[0].release()
        ring.forget_reader(name)  # it died
        assert [take(ring.reader(name).open()) for _ in range(1)] == [2], "what it still had comes again"
    assert take(ring.reader("show").open()) == 4
    assert take(ring.reader("show").open()) is None


def test_the_newest_frame_comes_again_to_the_successor_of_a_latest_reader(make: MakeRing) -> None:
    """From a still screen no other comes, and a new sink has nothing else to show."""
    ring = make(4, show="latest")
    writer = ring.writer().open()
    put(writer)
    ring.forget_reader("show")  # it died before it had seen anything
    assert take(ring.reader("show").open()) == 1
    ring.forget_reader("show")
    assert take(ring.reader("show").open()) == 1
    put(writer)
    put(writer)
    ring.forget_reader("show")
    assert take(ring.reader("show").open()) == 3
    assert take(ring.reader("show").open()) is None


# Hand-over --------------------------------------------------------------------------------------------


def test_a_kept_frame_is_there_for_as_long_as_the_map_that_was_made_from_it(make: MakeRing) -> None:
    frames, maps = make(6, depth=("latest", 3), stereo="by-source"), make(3, stereo="latest")
    capture, depth = frames.writer().open(), maps.writer().open()
    depth_in, stereo_in = frames.reader("depth").open(), frames.reader("stereo").open()
    stereo_maps = maps.reader("stereo").open()
    for _ in range(30):
        put(capture)
        slot, lease = depth.acquire(), depth_in.lease()
        assert slot is not None and lease is not None  # noqa: PT018
        slot.view((1,), np.uint64)[:] = lease.info.seq
        depth.publish(slot, t_capture=lease.info.t_capture, source=lease.info.as_source, keep=(lease,))
        for _ in range(9):
            put(capture)  # more than the ring has slots: without the lease it would be gone
        with stereo_maps.lease() as made, stereo_in.lease_source(made.info.source) as frame:
            assert made.frame[0] == frame.info.seq
            assert is_whole(frame.frame, frame.info.seq)
    assert counts(frames, "stereo") == (30, 0)
    assert frames.words[layout.NO_SLOT_AT] == 0


def test_a_view_of_a_kept_frame_that_is_still_referenced_is_told_and_costs_no_lease(make: MakeRing) -> None:
    """The middle of a hand-over forgot to drop its view; it is told when the frame is to go."""
    frames, maps = make(5, depth=("latest", 2)), make(2, stereo="latest")
    capture, depth, depth_in = frames.writer().open(), maps.writer().open(), frames.reader("depth").open()
    views = []
    for i in range(2):
        put(capture)
        slot, lease = depth.acquire(), depth_in.lease()
        assert slot is not None and lease is not None  # noqa: PT018
        if i == 0:
            views.append(lease.frame)
        slot.view((1,))
        depth.publish(slot, t_capture=0, source=lease.info.as_source, keep=(lease,))
    for _ in range(2):
        with pytest.raises(LeaseEscaped, match="depth: a view of frame 1"):
            depth.acquire()
        assert is_whole(views[0], 1)
    views.clear()
    for _ in range(10):
        put(capture)
        slot, lease = depth.acquire(), depth_in.lease()
        assert slot is not None and lease is not None  # noqa: PT018
        slot.view((1,))
        depth.publish(slot, t_capture=0, source=lease.info.as_source, keep=(lease,))
    assert depth.seq == 12


def test_a_frame_stays_kept_when_its_map_is_pinned_just_as_its_slot_is_claimed(
    make: MakeRing,
) -> None:
    """The keeper may let go of a frame only once it is sure to re-use the slot of the map."""
    frames, maps = make(8, depth=("latest", 3), stereo="by-source"), make(3, stereo="by-source")
    capture, depth_in = frames.writer().open(), frames.reader("depth").open()
    stereo_in, stereo_maps = frames.reader("stereo").open(), maps.reader("stereo").open()
    pinned: list[Lease] = []

    def pin_the_map(slot: int) -> None:
        seq = maps.words[maps.spec.slot_at[slot]] >> 1
        if seq and not pinned:
            pinned.append(stereo_maps.lease_source(Source(1, seq, slot)))

    depth = open_writer(maps.writer(), Fault(at_claim=pin_the_map))
    for _ in range(4):
        put(capture)
        slot, lease = depth.acquire(), depth_in.lease()
        assert slot is not None and lease is not None  # noqa: PT018
        slot.view((1,), np.uint64)[:] = lease.info.seq
        depth.publish(slot, t_capture=0, source=lease.info.as_source, keep=(lease,))
    assert pinned, "it came to that"
    for _ in range(20):
        put(capture)
    with stereo_in.lease_source(pinned[0].info.source) as frame:
        assert is_whole(frame.frame, pinned[0].info.source.seq)


def test_a_frame_that_nobody_kept_is_gone(make: MakeRing) -> None:
    ring = make(4, stereo="by-source")
    writer, reader = ring.writer().open(), ring.reader("stereo").open()
    seq = put(writer)
    slot = ring.words[layout.HEAD_AT] & 0xFF
    reader.lease_source(Source(1, seq, slot)).release()
    for _ in range(4):
        put(writer)
    for source in (Source(1, seq, slot), Source(2, writer.seq, slot), Source(0, 0, 0)):
        with pytest.raises(SourceGone, match=rf"stereo: frame {source.seq} is no longer in ring modes-"):
            reader.lease_source(source)
    assert counts(ring, "stereo") == (1, 3)
    assert not any(ring.words[at] for at in ring.spec.pin_at)


# Leases -----------------------------------------------------------------------------------------------


def test_a_leased_frame_cannot_be_written_to_by_any_numpy_means(make: MakeRing) -> None:
    ring = make(3, show="latest")
    writer, reader = ring.writer().open(), ring.reader("show").open()
    put(writer)
    with reader.lease() as lease:
        frame = lease.frame
        with pytest.raises(ValueError, match="read-only"):
            frame[0] = 1
        with pytest.raises(ValueError, match="WRITEABLE"):
            frame.flags.writeable = True
        with pytest.raises(ValueError, match="WRITEABLE"):
            frame[3:].reshape(-1).view(np.uint8).flags.writeable = True
        with pytest.raises(ValueError, match="WRITEABLE"):
            frame.setflags(write=True)
        del frame


def test_a_view_that_outlives_its_lease_names_its_worker_and_keeps_the_slot(make: MakeRing) -> None:
    ring = make(4, window="latest")
    writer, reader = ring.writer().open(), ring.reader("window").open()
    seq = put(writer)
    lease = reader.lease()
    assert lease is not None
    corner = lease.frame[:2]
    with pytest.raises(LeaseEscaped, match=f"window: a view of frame {seq} is still referenced"):
        lease.release()
    for _ in range(20):
        put(writer)
        assert (corner == seq).all(), "at least nothing wrong is seen"
    del corner
    lease.release()
    lease.release()  # a second time does nothing
    assert not any(ring.words[at] for at in ring.spec.pin_at)
    assert take(reader) == writer.seq


def test_a_with_block_raises_for_an_escaped_view_too(make: MakeRing) -> None:
    ring = make(4, window="latest")
    put(ring.writer().open())
    reader = ring.reader("window").open()
    kept = []
    with pytest.raises(LeaseEscaped, match="window"), reader.lease() as lease:
        kept.append(lease.frame)
    kept.clear()
    lease.release()
    assert not any(ring.words[at] for at in ring.spec.pin_at)


def test_a_writer_that_keeps_a_view_of_what_it_publishes_is_told_so_and_can_go_on(make: MakeRing) -> None:
    ring = make(4, show="latest")
    writer, reader = ring.writer().open(), ring.reader("show").open()
    slot = writer.acquire()
    assert slot is not None
    view = slot.view((64,), np.uint64)
    view[:] = 1
    with pytest.raises(LeaseEscaped, match=r"ring modes-\d+: its writer still refers to a view"):
        writer.publish(slot, t_capture=0)
    assert take(reader) is None, "nothing was published"
    del view
    assert writer.publish(slot, t_capture=0) == 1
    assert take(reader) == 1
    assert put(writer) == 2


def test_an_error_inside_a_lease_ends_it_and_is_not_masked(make: MakeRing) -> None:
    ring = make(4, show="latest")
    writer, reader = ring.writer().open(), ring.reader("show").open()
    put(writer)

    def work(frame: Any) -> None:
        raise ZeroDivisionError(frame)  # the traceback, and the error itself, keep the view

    with pytest.raises(ZeroDivisionError) as caught, reader.lease() as lease:
        work(lease.frame)
    assert caught.value.args[0].size == 64
    assert not any(ring.words[at] for at in ring.spec.pin_at)
    put(writer)
    assert take(reader) == 2


def test_a_reader_that_has_all_its_leases_out_is_told_so(make: MakeRing) -> None:
    ring = make(6, pair=("latest", 2))
    writer, reader = ring.writer().open(), ring.reader("pair").open()
    leases = []
    for _ in range(2):
        put(writer)
        leases.append(reader.lease())
    put(writer)
    with pytest.raises(RingError, match="pair: all its leases"):
        reader.lease()
    assert leases[0] is not None
    leases[0].release()
    assert take(reader) == 3


def test_a_ring_without_a_free_slot_says_so_and_counts_it(make: MakeRing) -> None:
    ring = make(2, show=("latest", 2))
    writer, reader = ring.writer().open(), ring.reader("show").open()
    put(writer)
    one = reader.lease()
    put(writer)
    two = reader.lease()
    assert writer.acquire() is None
    assert ring.words[layout.NO_SLOT_AT] == 1
    assert one is not None and two is not None  # noqa: PT018
    one.release()
    assert put(writer) == 3


def test_a_writer_that_waits_for_room_is_woken_when_a_dead_reader_made_some(make: MakeRing) -> None:
    ring = make(3, job="every", show=("latest", 2))
    writer, job, show = ring.writer().open(), ring.reader("job").open(), ring.reader("show").open()
    leases = []
    for _ in range(2):
        put(writer)
        leases.append(show.lease())
    put(writer)
    while take(job):
        pass
    assert writer.acquire() is None
    assert writer.arm(), "both old frames are leased: it goes to sleep"
    for end in writer.ends:
        end.drain()
    ring.forget_reader("show")  # it died
    assert select.select(writer.ends, [], [], 0)[0], "it sleeps on"
    writer.disarm()
    assert put(writer) == 4


# Frames -----------------------------------------------------------------------------------------------

DTYPES = [
    "u1",
    "i1",
    "?",
    "<u2",
    ">u2",
    "<f2",
    ">f2",
    "<f4",
    ">f4",
    "<i4",
    ">i8",
    "<u8",
    "<f8",
    "<c8",
    ">c16",
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(7,), (5, 3), (4, 3, 2), (2, 3, 4, 5), (1, 1, 1, 1)], ids=str)
def test_any_number_in_any_shape_arrives_as_it_was(
    make: MakeRing, dtype: str, shape: tuple[int, ...]
) -> None:
    ring = make(3, show="latest")
    writer, reader = ring.writer().open(), ring.reader("show").open()
    rng = np.random.default_rng(1)
    pixels = (rng.random(shape) * 100).astype(dtype)
    slot = writer.acquire()
    assert slot is not None
    slot.view(shape, dtype)[:] = pixels
    writer.publish(slot, t_capture=1)
    with reader.lease() as lease:
        assert (lease.info.shape, lease.info.dtype) == (shape, np.dtype(dtype))
        assert lease.frame.dtype.str == np.dtype(dtype).str
        np.testing.assert_array_equal(lease.frame, pixels)


@pytest.mark.parametrize(
    "dtype",
    ["O", "U4", "S4", "V4", "M8[us]", "m8", [("x", "<f4"), ("y", "<f4")], (np.int32, (2, 2))],
    ids=str,
)
def test_what_is_no_plain_number_is_refused_and_the_writer_goes_on(make: MakeRing, dtype: Any) -> None:
    ring = make(3, show="latest")
    writer, reader = ring.writer().open(), ring.reader("show").open()
    slot = writer.acquire()
    assert slot is not None
    with pytest.raises(TypeError, match="plain numbers"):
        slot.view((4,), dtype)
    assert put(writer) == 1
    assert take(reader) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"colour": "far too long"},
        {"colour": "ü"},
        {"t_capture": -1},
        {"pts": "x"},
        {"source": Source(-1, 0, 0)},
    ],
    ids=str,
)
def test_a_frame_that_cannot_be_described_is_refused_and_the_writer_goes_on(
    make: MakeRing, wrong: dict[str, Any]
) -> None:
    ring = make(3, show="latest")
    writer, reader = ring.writer().open(), ring.reader("show").open()
    slot = writer.acquire()
    assert slot is not None
    slot.view((64,), np.uint64)[:] = 1
    with pytest.raises((ValueError, TypeError)):
        writer.publish(slot, **{"t_capture": 0, **wrong})
    assert take(reader) is None
    assert put(writer) == 1
    assert take(reader) == 1


def test_a_frame_that_is_too_large_is_refused_and_says_both_sizes(make: MakeRing) -> None:
    ring = make(3, slot_bytes=1000, show="latest")
    writer = ring.writer().open()
    slot = writer.acquire()
    assert slot is not None
    with pytest.raises(FrameTooLarge, match=r"ring modes-\d+: a frame of 1001 bytes .* slots of 1000 bytes"):
        slot.view((1001,))
    with pytest.raises(FrameTooLarge) as caught:
        slot.view((40_000, 40_000, 3), np.float64)
    assert (caught.value.nbytes, caught.value.slot_bytes) == (38_400_000_000, 1000)
    slot.view((1000,))[:] = 7
    assert writer.publish(slot, t_capture=0) == 1, "what fits goes into the same slot"


@pytest.mark.parametrize("shape", [(), (0,), (3, 0), (1, 1, 1, 1, 1), (-1,), (-2, -2)], ids=str)
def test_a_shape_that_is_no_frame_is_refused(make: MakeRing, shape: tuple[int, ...]) -> None:
    slot = make(3, show="latest").writer().open().acquire()
    assert slot is not None
    with pytest.raises(ValueError, match="frame has 1 to 4 dimensions"):
        slot.view(shape)


def test_a_shape_made_of_numpy_integers_is_as_good_as_any(make: MakeRing) -> None:
    ring = make(3, show="latest")
    writer, reader = ring.writer().open(), ring.reader("show").open()
    slot = writer.acquire()
    assert slot is not None
    slot.view(tuple(np.array([4, 5], np.int32)))[:] = 9
    writer.publish(slot, t_capture=np.int64(5))
    with reader.lease() as lease:
        assert lease.info.shape == (4, 5)


@pytest.mark.parametrize("pts", [0, 1, -1, -(1 << 40), (1 << 63) - 1, -(1 << 63)])
def test_what_is_said_of_a_frame_arrives_as_it_was_said(make: MakeRing, pts: int) -> None:
    ring = make(3, show="latest")
    writer, reader = ring.writer().open(), ring.reader("show").open()
    source = Source(3, (1 << 47) - 1, 254)
    before = time.perf_counter_ns()
    put(writer, pts=pts, colour="rgb16.22", source=source)
    with reader.lease() as lease:
        info = lease.info
    assert (info.pts, info.colour, info.source, info.generation) == (pts, "rgb16.22", source, 1)
    assert before <= info.t_capture <= info.t_publish <= time.perf_counter_ns()
    assert info.as_source == Source(1, 1, info.slot)


@pytest.mark.parametrize("base", [(1 << 32) - 3, (1 << 54) - 3, (1 << 55) - 40])
def test_nothing_wraps_however_many_frames_there_were(make: MakeRing, base: int) -> None:
    ring = make(5, base=base, show="latest", job="every", record="every-or-count", join="by-source")
    writer = ring.writer().open()
    show, job, record, join = (ring.reader(name).open() for name in ("show", "job", "record", "join"))
    for i in range(1, 31):
        seq = put(writer)
        assert seq == base + i
        assert (take(show), take(job), take(record)) == (seq, seq, seq)
        join.lease_source(Source(1, seq, ring.words[layout.HEAD_AT] & 0xFF)).release()
    assert ring.newest_seq() == base + 30
    assert ring.writer().open().seq == base + 30
    assert counts(ring, "record") == (30, 0)


# Sleeping ---------------------------------------------------------------------------------------------


@needs_fork
def test_a_stopped_reader_holds_its_frames_and_nobody_else(make: MakeRing) -> None:
    ring = make(9, slot_bytes=64 * 1024, stopped=("latest", 2), show="latest", record=("every-or-count", 2))
    tallies = {row.reader: make_tally() for row in ring.spec.rows}
    written = make_tally()
    with Crew() as crew:
        parts = [
            crew.start(Part(name, read, (ring.reader(name), tally, crew.stop, 0.001), ((ring, name),)))
            for name, tally in tallies.items()
        ]
        writer = crew.start(Part("writer", write, (ring.writer(), written, crew.stop), (), (ring,)))
        until(lambda: all(tally.count > 20 for tally in tallies.values()), "all read")
        pins = ring.spec.pin_at[:2]
        for _ in range(3):
            while True:  # stop it while it holds a lease
                os.kill(parts[0].pid, signal.SIGSTOP)
                until(lambda: psutil.Process(parts[0].pid).status() == psutil.STATUS_STOPPED, "it stops")
                if any(ring.words[at] for at in pins):
                    break
                os.kill(parts[0].pid, signal.SIGCONT)
            held, counted = [ring.words[at] for at in pins], tallies["stopped"].count
            frames, others = written.count, [tallies[name].count for name in ("show", "record")]
            until(lambda n=frames: written.count > n + 500, "the writer goes on")
            for name, before in zip(("show", "record"), others, strict=True):
                until(lambda t=tallies[name], n=before: t.count > n + 20, f"{name} goes on")
            assert [ring.words[at] for at in pins] == held, "its leases stay"
            os.kill(parts[0].pid, signal.SIGCONT)
            until(lambda n=counted: tallies["stopped"].count > n + 20, "it goes on too")
        crew.finish(*parts, writer)
    assert {name: tally.torn for name, tally in tallies.items()} == dict.fromkeys(tallies, 0)
    assert ring.words[layout.NO_SLOT_AT] == 0


@needs_fork
def test_while_the_writer_is_stopped_its_readers_sleep(make: MakeRing) -> None:
    ring = make(8, show="latest", job="every", record="every-or-count")
    tallies = {row.reader: make_tally() for row in ring.spec.rows}
    written = make_tally()
    with Crew() as crew:
        parts = [
            crew.start(Part(name, read, (ring.reader(name), tally, crew.stop), ((ring, name),)))
            for name, tally in tallies.items()
        ]
        writer = crew.start(
            Part("writer", write, (ring.writer(), written, crew.stop, 0, 0.0005), (), (ring,))
        )
        until(lambda: all(tally.count > 20 for tally in tallies.values()), "all read")
        os.kill(writer.pid, signal.SIGSTOP)
        sleeping = [psutil.Process(part.pid) for part in parts]
        until(lambda: all(p.status() == psutil.STATUS_SLEEPING for p in sleeping), "they sleep")
        time.sleep(0.1)
        wakes = [tally.wakes for tally in tallies.values()]
        used = [p.cpu_times().user + p.cpu_times().system for p in sleeping]
        time.sleep(0.5)
        assert [tally.wakes for tally in tallies.values()] == wakes, "nothing wakes them"
        assert [p.cpu_times().user + p.cpu_times().system for p in sleeping] == used, "nobody spins"
        counted = [tally.count for tally in tallies.values()]
        os.kill(writer.pid, signal.SIGCONT)
        until(lambda: all(t.count > n + 20 for t, n in zip(tallies.values(), counted, strict=True)), "on")
        crew.finish(*parts, writer)


@needs_fork
def test_a_reader_can_attach_at_any_time_while_the_writer_writes(make: MakeRing) -> None:
    ring = make(8, slot_bytes=64 * 1024, show="latest", record="every-or-count")
    written = make_tally()
    with Crew() as crew:
        writer = crew.start(Part("writer", write, (ring.writer(), written, crew.stop), (), (ring,)))
        until(lambda: written.count > 20, "it writes")
        last = dict.fromkeys(("show", "record"), 0)
        for _ in range(100):
            for name in last:
                reader = ring.reader(name).open()
                while (lease := reader.lease()) is None:
                    wait([reader], None)
                with lease:
                    assert is_whole(lease.frame, lease.info.seq)
                    assert lease.info.seq > last[name]
                    last[name] = lease.info.seq
        crew.finish(writer)


def test_a_sleeper_wakes_when_the_state_changes_and_only_then(make: MakeRing) -> None:
    ring = make(3, show="latest", job="every")
    sleepers = [ring.reader("show").open(), ring.reader("job").open()]
    ring.set_state(layout.LIVE)
    for sleeper in sleepers:
        wait([sleeper], None)
        assert sleeper.state == layout.LIVE
        wait([sleeper], 0.01)  # which drains its end
    ring.set_state(layout.LIVE)  # no news
    assert select.select([end for sleeper in sleepers for end in sleeper.ends], [], [], 0)[0] == []
    for state in (layout.AWAY, layout.FAILED, layout.STARTING):
        ring.set_state(state)
        for sleeper in sleepers:
            wait([sleeper], None)
            assert sleeper.state == state


def test_a_state_that_changes_between_wake_up_and_sleep_is_not_slept_over(make: MakeRing) -> None:
    """Its byte lies behind that of the frame, and both are drained at once."""
    ring = make(3, show="latest")
    writer, reader = ring.writer().open(), ring.reader("show").open()
    wait([reader], 0.01)
    put(writer)
    wait([reader], None)
    assert take(reader) == 1
    ring.set_state(layout.AWAY)
    wait([reader], None)
    assert reader.state == layout.AWAY
    begin = time.monotonic()
    wait([reader], 0.05)
    assert time.monotonic() - begin >= 0.05, "it is said once"


def test_a_sleeper_hears_other_descriptors_and_is_told_which(make: MakeRing) -> None:
    ring = make(3, show="latest")
    writer, reader = ring.writer().open(), ring.reader("show").open()
    ours, theirs = socket.socketpair()
    other_ours, other_theirs = socket.socketpair()
    read_end, write_end = os.pipe()
    also = [theirs.fileno(), other_theirs.fileno(), read_end]
    assert wait([reader], 0.01, also) == []
    ours.send(b"x")
    os.write(write_end, b"x")
    assert wait([reader], None, also) == [theirs.fileno(), read_end]
    assert theirs.recv(1) == b"x", "it is only looked at"
    os.read(read_end, 1)
    put(writer)
    assert wait([reader], None, also) == [], "a frame is none of them"
    assert take(reader) == 1
    assert wait([], 0.01, also) == [], "also without a ring"
    for end in (ours, theirs, other_ours, other_theirs):
        end.close()
    os.close(read_end)
    os.close(write_end)


def test_a_frame_that_came_before_the_sleep_is_not_slept_over(make: MakeRing) -> None:
    ring = make(4, show="latest", job="every")
    writer = ring.writer().open()
    readers = [ring.reader("show").open(), ring.reader("job").open()]
    put(writer)
    wait(readers, None)
    assert [take(reader) for reader in readers] == [1, 1]


def test_a_frame_that_is_kept_outlives_the_lease_that_it_was_read_by(make: MakeRing) -> None:
    """So that what was made from it can be handed on together with it."""
    ring = make(4, show=("latest", 2))
    writer, show = ring.writer().open(), ring.reader("show").open()
    seq = put(writer)
    lease = show.lease()
    assert lease is not None
    kept = show.keep(lease)
    lease.release()
    for _ in range(10):
        put(writer)
    assert (kept.frame == seq).all()
    assert ring.words[show.spec.row_at[0] + layout.RECEIVED] == 1, "it was received once"
    again = show.lease()
    assert again is not None
    with pytest.raises(RingError, match="all its leases of ring"):
        show.keep(again)
    again.release()
    kept.release()


def rings(end: Any) -> int:
    """How often it was rung since it was drained."""
    if isinstance(end, EventEnd):
        return int.from_bytes(end._mine.read(8) or b"", "little")
    return len(end._socket.recv(100))


def test_a_sleeper_is_rung_once_however_many_frames_come(make: MakeRing) -> None:
    ring = make(6, show="latest", job=("every", 3))
    writer, show, job = ring.writer().open(), ring.reader("show").open(), ring.reader("job").open()
    for end in (*show.ends, *writer.ends):
        end.drain()
    for _ in range(3):
        show.arm()
        put(writer)
        put(writer)
        assert rings(show.ends[0]) == 1
    leases = [job.lease() for _ in range(3)]
    writer.arm()
    for lease in leases:
        assert lease is not None
        lease.release()
    assert rings(writer.ends[1]) == 1
    show.disarm()
    writer.disarm()
    put(writer)
    take(job)
    for end in (*show.ends, *writer.ends):
        assert select.select([end], [], [], 0)[0] == [], "nobody sleeps, nobody is rung"


def test_wake_ups_that_nobody_reads_never_hold_anyone(make: MakeRing) -> None:
    """A full socket is fine: whoever sleeps on it has something to read."""
    ring = make(4, show="latest", job=("every", 1))
    writer, job = ring.writer().open(), ring.reader("job").open()
    show = ring.reader("show").open()
    for _ in range(3000):
        show.arm()
        writer.arm()
        put(writer)
        assert take(job) == writer.seq
    for _ in range(2000):
        ring.set_state(layout.LIVE)
        ring.set_state(layout.AWAY)
    wait([show], None)
    assert take(show) == writer.seq
    wait([show], 0.01)
    assert select.select(show.ends, [], [], 0)[0] == [], "all of it was drained, before the next sleep"
    writer.disarm()


@needs_fork
def test_nobody_sleeps_on_when_two_processes_wait_for_each_other_again_and_again(make: MakeRing) -> None:
    """Without a time-out in any wait: one lost wake-up and this stands still. A ring of two slots makes
    both sides sleep as often as possible."""
    ring = make(2, slot_bytes=64, job="every")
    written, seen = make_tally(), make_tally()
    with Crew() as crew:
        job = crew.start(Part("job", read, (ring.reader("job"), seen, crew.stop), ((ring, "job"),)))
        writer = Part("writer", write, (ring.writer(), written, crew.stop, 30_000), (), (ring,))
        assert crew.reap(crew.start(writer)) == 0
        until(lambda: seen.last == 30_000, "all have arrived")
        crew.finish(job)
    assert seen.count == 30_000
    assert seen.wakes > 1000, "it did sleep"
    assert written.wakes > 1000
    assert seen.torn == seen.disorder == 0
