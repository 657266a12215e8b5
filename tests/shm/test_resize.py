"""A larger picture: the ring goes on in a new segment, the old one goes when its last view is gone."""

import gc
import os
import select
import sys
import time
from collections.abc import Iterator

import numpy as np
import pytest

from shm import layout
from shm.errors import LeaseEscaped, NoMemory, SourceGone
from shm.layout import RingSpec, RowSpec
from shm.ring import Attachment, Ring, RingReader, RingWriter
from shm.segment import Segment
from shm.wake import wait
from tests.shm.fault_words import InterruptedWords
from tests.shm.ring_processes import is_whole, mappings, open_fds

linux = pytest.mark.skipif(sys.platform != "linux", reason="counts memfd mappings in /proc")
pytestmark = [pytest.mark.timeout(60), pytest.mark.usefixtures("collected")]

NAME = f"resize-{os.getpid()}"
ROWS = (
    RowSpec("show", "latest", 2),
    RowSpec("job", "every", 2),
    RowSpec("record", "every-or-count", 1),
    RowSpec("join", "by-source", 1),
)
READERS = ("show", "job", "record", "join")
SLOT = 8192


@pytest.fixture
def ring() -> Iterator[Ring]:
    first = Ring.create(RingSpec(NAME, 10, SLOT, ROWS))
    yield first
    first.close()


def attach(ring: Ring) -> Attachment:
    """As a worker gets it: a mapping of its own."""
    return Attachment(
        ring.spec, Segment.from_json(ring.segment.to_json(), [os.dup(fd) for fd in ring.segment.fds])
    )


def put(writer: RingWriter, words: int = 100) -> int:
    slot = writer.acquire()
    assert slot is not None
    slot.view((words,), np.uint64)[:] = writer.seq + 1
    return writer.publish(slot, t_capture=time.perf_counter_ns())


def take(reader: RingReader) -> int | None:
    lease = reader.lease()
    if lease is None:
        return None
    with lease:
        assert is_whole(lease.frame, lease.info.seq)
        return lease.info.seq


def drained(reader: RingReader) -> list[int]:
    return list(iter(lambda: take(reader), None))


def test_a_grown_ring_has_larger_slots_the_next_generation_and_goes_on_counting(ring: Ring) -> None:
    writer, show = ring.writer().open(), ring.reader("show").open()
    assert [put(writer) for _ in range(3)] == [1, 2, 3]
    grown = ring.grown(4 * SLOT)
    assert (grown.spec.generation, grown.spec.base, grown.spec.slot_bytes) == (2, 3, 4 * SLOT)
    assert grown.spec.rows == ring.spec.rows
    put(writer)  # the writer does not know yet
    writer.move(attach(grown))
    show.move(attach(grown))
    assert put(writer, 4 * SLOT // 8) == 5
    assert take(show) == 5
    assert grown.words[layout.EPOCH_AT] == 1
    grown.close(keep_wakes=True)


@linux
def test_a_lease_of_the_old_segment_stays_readable_and_its_mapping_goes_with_its_last_view() -> None:
    old = Ring.create(RingSpec(NAME, 4, SLOT, ROWS[:1]))
    wakes = old.wakes
    writer = RingWriter(attach(old), tuple(wake.writer_end for wake in wakes))
    show = RingReader(attach(old), 0, wakes[0].reader_end)
    put(writer)
    lease = show.lease()
    assert lease is not None
    frame = lease.frame
    grown = old.grown(2 * SLOT)
    writer.move(attach(grown))
    show.move(attach(grown))
    before = mappings(NAME)
    old.close(keep_wakes=True)
    del old
    assert mappings(NAME) == before - 1, "the launcher's own mapping is gone, the lease's is not"
    for _ in range(30):
        put(writer)
        take(show)
    drained(show)
    assert is_whole(frame, 1), "what was leased has not changed"
    del frame
    lease.release()
    fds = open_fds()
    del lease
    assert mappings(NAME) == before - 2, "the old mapping went with its last lease"
    assert open_fds() == fds - 1, "with its descriptor"
    assert not any(grown.words[at] for at in grown.spec.pin_at), "its end touched no word of the new segment"
    grown.close()


@linux
def test_two_hundred_resizes_leave_no_mapping_and_no_descriptor(ring: Ring) -> None:
    gc.collect()
    fds, maps = open_fds(), mappings(NAME)
    current = ring
    writer = RingWriter(attach(ring), tuple(wake.writer_end for wake in ring.wakes))
    readers = [RingReader(attach(ring), i, ring.wakes[i].reader_end) for i in range(3)]
    got: list[list[int]] = [[], [], []]
    seen = []
    for i in range(200):
        for _ in range(3):
            put(writer)
        leases = [reader.lease() for reader in readers]
        grown = current.grown(SLOT * (1 + i % 5))
        for reader in readers:
            reader.move(attach(grown))
        put(writer)
        writer.move(attach(grown))
        if current is not ring:
            current.close(keep_wakes=True)
        current = grown
        for seqs, reader, lease in zip(got, readers, leases, strict=True):
            assert lease is not None
            assert is_whole(lease.frame, lease.info.seq)
            lease.release()
            seqs += [lease.info.seq, *drained(reader)]
        del leases, lease, reader
        if i >= 2:
            seen.append((open_fds(), mappings(NAME)))
    assert len(set(seen)) == 1, "flat"
    for seqs in got[1:]:
        assert seqs == list(range(1, 801)), "every frame, across every resize"
    assert writer.seq == 800
    del writer, readers
    current.close(keep_wakes=True)
    del current, grown
    assert (open_fds(), mappings(NAME)) == (fds, maps)


@pytest.mark.parametrize("name", ["job", "record"])
def test_a_reader_of_every_frame_takes_the_rest_of_the_old_segment_first(ring: Ring, name: str) -> None:
    writer, reader = ring.writer().open(), ring.reader(name).open()
    for _ in range(3):
        put(writer)
    assert take(reader) == 1
    grown = ring.grown(SLOT)
    reader.move(attach(grown))
    assert take(reader) == 2, "the writer is still in the old segment"
    put(writer)
    writer.move(attach(grown))
    assert put(writer) == 5
    assert drained(reader) == [3, 4, 5]
    assert put(writer) == 6
    assert drained(reader) == [6]
    grown.close(keep_wakes=True)


@pytest.mark.parametrize("name", ["job", "record"])
def test_a_reader_of_every_frame_that_is_two_segments_behind_loses_nothing(ring: Ring, name: str) -> None:
    writer, reader = ring.writer().open(), ring.reader(name).open()
    rings, last = [ring], 0
    for _ in range(4):
        put(writer)
        last = put(writer)
        rings.append(rings[-1].grown(SLOT))
        reader.move(attach(rings[-1]))
        writer.move(attach(rings[-1]))
    last = put(writer)
    assert drained(reader) == list(range(1, last + 1))
    for grown in rings[1:]:
        grown.close(keep_wakes=True)


@pytest.mark.parametrize("name", ["show", "job", "record"])
def test_a_reader_that_sleeps_is_woken_when_the_writer_moves_and_publishes(ring: Ring, name: str) -> None:
    writer, reader = ring.writer().open(), ring.reader(name).open()
    put(writer)
    drained(reader)
    grown = ring.grown(SLOT)
    reader.move(attach(grown))
    assert reader.arm(), "there is nothing yet: it goes to sleep"
    writer.move(attach(grown))
    put(writer)
    assert select.select(reader.ends, [], [], 0)[0], "it sleeps on"
    reader.disarm()
    wait([reader], None)
    assert drained(reader) == [2]
    grown.close(keep_wakes=True)


def test_gaps_are_counted_exactly_across_a_resize(ring: Ring) -> None:
    """Frames lost right after the move: the reader has just reached the new segment's base."""
    gapped = Ring.create(RingSpec(f"{NAME}-gaps", 4, SLOT, (RowSpec("record", "every-or-count", 1),)))
    writer, reader = gapped.writer().open(), gapped.reader("record").open()
    put(writer)
    assert drained(reader) == [1]
    grown = gapped.grown(SLOT)
    reader.move(attach(grown))
    writer.move(attach(grown))
    for _ in range(20):
        put(writer)
    got = drained(reader)
    assert got[-1] == 21
    at = grown.spec.row_at[0]
    received, skipped = grown.words[at + layout.RECEIVED], grown.words[at + layout.SKIPPED]
    assert (received, skipped) == (len(got), 20 - len(got))
    grown.close(keep_wakes=True)
    gapped.close()


@pytest.mark.parametrize("name", ["job", "record"])
def test_what_the_writer_publishes_just_before_it_moves_is_not_missed(ring: Ring, name: str) -> None:
    """It does so while the reader looks, after any of its loads from the old segment."""
    for looks in range(1, 12):
        old = Ring.create(RingSpec(NAME, 4, SLOT, ROWS[1:3]))
        writer, reader = old.writer().open(), old.reader(name).open()
        put(writer)
        assert take(reader) == 1
        grown = old.grown(SLOT)
        reader.move(attach(grown))

        def publish_and_move(writer: RingWriter = writer, grown: Ring = grown) -> None:
            put(writer)
            writer.move(attach(grown))
            put(writer)

        reader._words = InterruptedWords(old.words, looks, publish_and_move)
        got = [seq for seq in (take(reader) for _ in range(20)) if seq]
        assert got == list(range(2, writer.seq + 1)), f"after {looks} loads"
        grown.close()
        old.close(keep_wakes=True)


def test_a_frame_of_the_segment_before_is_gone_for_a_hand_over(ring: Ring) -> None:
    writer, show, join = (ring.writer().open(), ring.reader("show").open(), ring.reader("join").open())
    put(writer)
    with show.lease() as lease:
        source = lease.info.as_source
        join.lease_source(source).release()
        grown = ring.grown(SLOT)
        join.move(attach(grown))
        with pytest.raises(SourceGone):
            join.lease_source(source)
    writer.move(attach(grown))
    show.move(attach(grown))
    put(writer)
    with show.lease() as lease, join.lease_source(lease.info.as_source) as frame:
        assert is_whole(frame.frame, lease.info.seq)
    grown.close(keep_wakes=True)


def test_a_kept_frame_is_let_go_when_its_keeper_moves(ring: Ring) -> None:
    maps = Ring.create(RingSpec(f"{NAME}-maps", 3, 64, (RowSpec("join", "latest", 1),)))
    capture, depth, depth_in = ring.writer().open(), maps.writer().open(), ring.reader("show").open()
    put(capture)
    slot, lease = depth.acquire(), depth_in.lease()
    assert slot is not None and lease is not None  # noqa: PT018
    slot.view((1,))
    depth.publish(slot, t_capture=0, source=lease.info.as_source, keep=(lease,))
    assert sum(ring.words[at] > 0 for at in ring.spec.pin_at) == 1
    grown = maps.grown(64)
    depth.move(attach(grown))
    assert not any(ring.words[at] for at in ring.spec.pin_at)
    grown.close(keep_wakes=True)
    maps.close()


def test_a_keeper_that_still_refers_to_a_kept_frame_stays_in_the_old_segment(ring: Ring) -> None:
    maps = Ring.create(RingSpec(f"{NAME}-maps", 3, 64, (RowSpec("join", "latest", 1),)))
    capture, depth, depth_in = ring.writer().open(), maps.writer().open(), ring.reader("show").open()
    put(capture)
    slot, lease = depth.acquire(), depth_in.lease()
    assert slot is not None and lease is not None  # noqa: PT018
    slot.view((1,))
    view = lease.frame
    depth.publish(slot, t_capture=0, source=lease.info.as_source, keep=(lease,))
    grown = maps.grown(128)
    with pytest.raises(LeaseEscaped):
        depth.move(attach(grown))
    assert depth.spec == maps.spec
    assert grown.words[layout.EPOCH_AT] == 0, "nobody has been told that it moved"
    del view
    depth.move(attach(grown))
    assert put(depth, 16) == 2
    assert not any(ring.words[at] for at in ring.spec.pin_at)
    grown.close(keep_wakes=True)
    maps.close()


@pytest.mark.parametrize("after", [0, 3])
def test_a_writer_that_died_before_it_moved_is_gone_on_from_where_it_was(ring: Ring, after: int) -> None:
    """continue_after: it had published `after` more frames in the old segment since the new one was made.
    Readers that run and readers that start only now get every frame of the successor."""
    writer = ring.writer().open()
    readers = [ring.reader(name).open() for name in ("show", "job", "record")]
    for _ in range(2):
        put(writer)
    grown = ring.grown(SLOT)
    for reader in readers:
        reader.move(attach(grown))
    for _ in range(after):
        put(writer)
    del writer  # it is dead
    last = 2 + after
    grown.continue_after(ring.newest_seq())
    assert grown.spec.base == grown.words[layout.BASE_AT] == last
    successor = grown.writer().open()
    late = [grown.reader(name).open() for name in ("job", "record")]
    assert put(successor) == last + 1
    assert put(successor) == last + 2
    assert drained(readers[0]) == [last + 2]
    for reader in readers[1:]:
        assert drained(reader) == list(range(1, last + 3))
    for reader in late:
        assert drained(reader) == [last + 1, last + 2]
    grown.close(keep_wakes=True)


def test_continue_after_an_earlier_frame_changes_nothing(ring: Ring) -> None:
    writer = ring.writer().open()
    for _ in range(5):
        put(writer)
    grown = ring.grown(SLOT)
    grown.continue_after(2)
    assert grown.spec.base == grown.words[layout.BASE_AT] == 5
    grown.close(keep_wakes=True)


@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_reader_that_dies_after_the_move_is_succeeded_without_loss(ring: Ring, after: int) -> None:
    """It had drained the old segment and got nothing, or something, of the new one."""
    writer, reader = ring.writer().open(), ring.reader("job").open()
    put(writer)
    grown = ring.grown(SLOT)
    put(writer)  # so the new segment's first frame is not base + 1
    reader.move(attach(grown))
    writer.move(attach(grown))
    for _ in range(after):
        put(writer)
    assert drained(reader) == list(range(1, 3 + after))
    grown.forget_reader("job")
    put(writer)
    assert drained(grown.reader("job").open()) == [3 + after]
    grown.close(keep_wakes=True)


def test_a_ring_that_cannot_grow_stays_as_it_was(ring: Ring) -> None:
    resource = pytest.importorskip("resource")
    writer, show = ring.writer().open(), ring.reader("show").open()
    put(writer)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))
    try:
        with pytest.raises(NoMemory):
            ring.grown(1 << 20)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    put(writer)
    assert take(show) == 2
