"""Kill -9 at every step of the protocol, in real processes: the others go on, and so does a successor.

The test plays the launcher: it waits on the process that died, clears what it left (Part.forget), and
starts a successor. Where a process dies is said by fault_words; the code that runs is the product's.
"""

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import Pipe, get_context
from typing import Any

import pytest

from shm import layout
from shm.errors import SourceGone
from shm.fence import make_fence
from shm.frame import Source
from shm.layout import RingSpec, RowSpec
from shm.ring import Ring
from shm.stats import RingStats
from tests.shm.fault_words import Fault
from tests.shm.ring_processes import (
    Crew,
    Part,
    hand_on,
    join,
    lease_on_demand,
    make_flag,
    make_ring,
    make_tally,
    read,
    until,
    write,
)

KILLED = -signal.SIGKILL
DEATHS = 3
FRAMES = 40  # each life at most this many
SLOT_BYTES = 64 * 1024

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="the processes of this test are forked"),
    pytest.mark.timeout(60),
]


@dataclass
class Room:
    """A ring with a writer and a reader in every mode that has a cursor."""

    ring: Ring
    crew: Crew
    writer: Part
    readers: dict[str, Part]
    tallies: dict[str, Any]
    seen: Any  # how often the `every` reader finished each seq

    def start_reader(self, name: str, fault: Fault | None = None) -> None:
        self.crew.start(self.readers[name], fault, self.seen if name == "job" else None)

    def write_up_to(self, last: int, fault: Fault | None = None) -> None:
        """A writer that goes on to seq `last`, or dies on its way there."""
        self.crew.start(self.writer, last, 0.0, fault)

    def check(self, last: int) -> None:
        """All that holds at the end, once frame `last` is the newest and everyone has it."""
        until(lambda: all(t.last == last for n, t in self.tallies.items() if n != "writer"), "all have it")
        self.crew.finish(*self.readers.values())
        assert {name: tally.torn for name, tally in self.tallies.items()} == dict.fromkeys(self.tallies, 0)
        assert not any(tally.disorder for tally in self.tallies.values())
        assert list(self.seen[1 : last + 1]).count(0) == 0, "`every` lost a frame"
        words, spec = self.ring.words, self.ring.spec
        assert words[layout.HEAD_AT] >> 8 == last
        assert not any(words[at] for at in spec.pin_at), "a pin stayed"
        assert not any(words[at] & 1 for at in spec.slot_at), "a claim stayed"
        writer = self.ring.writer().open()
        for _ in range(2 * spec.slots):  # nobody reads any more, and `every` has read it all
            for at, row in zip(spec.row_at, spec.rows, strict=True):
                assert row.mode != "every" or words[at + layout.CURSOR] == writer.seq
                words[at + layout.CURSOR] = writer.seq + 1
            slot = writer.acquire()
            assert slot is not None, "a slot is lost"
            slot.view((1,))
            writer.publish(slot, t_capture=0)


@pytest.fixture
def room() -> Iterator[Room]:
    rows = (RowSpec("show", "latest", 1), RowSpec("record", "every-or-count", 2), RowSpec("job", "every", 2))
    ring = make_ring(RingSpec(f"kill-{os.getpid()}", slots=9, slot_bytes=SLOT_BYTES, rows=rows))
    tallies = {name: make_tally() for name in ("writer", "show", "record", "job")}
    with Crew() as crew:
        readers = {
            row.reader: Part(
                row.reader,
                read,
                (ring.reader(row.reader), tallies[row.reader], crew.stop, 0.0002),
                ((ring, row.reader),),
            )
            for row in rows
        }
        writer = Part("writer", write, (ring.writer(), tallies["writer"], crew.stop), (), (ring,))
        seen = get_context("fork").RawArray("B", 100_000)
        yield Room(ring, crew, writer, readers, tallies, seen)
    ring.close()


@pytest.mark.parametrize("nth", [1, 2, 13])
@pytest.mark.parametrize(
    "point",
    ["after_claim", "after_look", "mid_fill", "before_seq", "before_head", "before_published", "after_space"],
)
def test_a_writer_dies_and_its_successor_goes_on(room: Room, point: str, nth: int) -> None:
    for name in room.readers:
        room.start_reader(name)
    for death in range(DEATHS):
        if point == "after_space":  # it waits for room once the `every` reader stands still
            os.kill(room.readers["job"].pid, signal.SIGSTOP)
        newest = room.ring.newest_seq()
        room.write_up_to(newest + FRAMES, Fault(point, 1 if point == "after_space" else nth))
        assert room.crew.reap(room.writer) == KILLED, "it came to the point"
        assert room.tallies["writer"].first == newest + 1, "seq goes on"
        assert room.ring.words[layout.SPACE_AT] == 0, "nobody rings a dead writer"
        time.sleep(0.005)  # the readers take what is there
        RingStats.read(room.ring.spec, room.ring.words, make_fence())  # no false alarm
        os.kill(room.readers["job"].pid, signal.SIGCONT)
        room.ring.set_state(layout.AWAY if death % 2 else layout.LIVE)
    last = room.ring.newest_seq() + FRAMES
    room.write_up_to(last)
    assert room.crew.reap(room.writer) == 0
    room.check(last)


def test_the_last_frame_arrives_though_its_writer_died_before_it_could_say_so(room: Room) -> None:
    """Its successor has nothing more to publish, and the readers sleep."""
    for name in room.readers:
        room.start_reader(name)
    room.write_up_to(FRAMES, Fault("before_head", FRAMES))
    assert room.crew.reap(room.writer) == KILLED
    assert room.ring.newest_seq() == FRAMES
    time.sleep(0.02)  # they take what they see, and sleep
    room.write_up_to(FRAMES)
    assert room.crew.reap(room.writer) == 0
    assert room.tallies["writer"].count == FRAMES - 1, "the last was not published twice"
    room.check(FRAMES)


@pytest.mark.parametrize("moment", ["at_claim", "after_claim"])
def test_a_writer_dies_before_it_puts_a_slot_back_that_was_pinned_meanwhile(moment: str) -> None:
    """A second process leases the very frame: just before the claim (and has it), or just after (and waits
    for what becomes of the claim). Either way it gets that frame, also after the writer's death."""
    rows = (RowSpec("join", "by-source", 1),)
    ring = make_ring(RingSpec(f"put-back-{os.getpid()}", slots=3, slot_bytes=SLOT_BYTES, rows=rows))
    ours, theirs = Pipe()
    written, pin = make_tally(), ring.spec.pin_at[0]

    def lease_it_now(slot: int) -> None:
        seq = ring.words[ring.spec.slot_at[slot]] >> 1
        if seq:
            ours.send(Source(ring.spec.generation, seq, slot))
            until(lambda: ring.words[pin] == slot + 1, "the other process pins the slot")

    with Crew() as crew:
        joiner = crew.start(Part("join", lease_on_demand, (ring.reader("join"), theirs), ((ring, "join"),)))
        for death in range(DEATHS):
            fault = Fault("before_put_back", 1, **{moment: lease_it_now})
            args = (ring.writer(), written, crew.stop, 0, 0.0, fault)
            writer = crew.start(Part("writer", write, args, (), (ring,)))
            assert crew.reap(writer) == KILLED, "it came to the point"
            assert sum(ring.words[at] & 1 for at in ring.spec.slot_at) == 1, "its claim is still there"
            last = ring.newest_seq() + FRAMES
            successor = Part("writer", write, (ring.writer(), written, crew.stop, last), (), (ring,))
            assert crew.reap(crew.start(successor)) == 0
            assert ours.poll(20)
            assert ours.recv() is True, "the leased frame is the one that was asked for"
            ours.send("look again")
            assert ours.recv() is True, f"frame overwritten while leased (death {death})"
            until(lambda: ring.words[pin] == 0, "the lease ends")
        ours.close()
        theirs.close()
        crew.kill(joiner)
    assert not any(ring.words[at] & 1 for at in ring.spec.slot_at), "a claim stayed"
    ring.close()


@pytest.mark.parametrize("nth", [1, 13])
@pytest.mark.parametrize("point", ["after_pin", "before_cursor", "before_unpin", "after_armed"])
@pytest.mark.parametrize("name", ["show", "record", "job"])
def test_a_reader_dies_and_its_successor_goes_on(room: Room, name: str, point: str, nth: int) -> None:
    for other in room.readers:
        if other != name:
            room.start_reader(other)
    enough = make_flag()
    args = (room.ring.writer(), room.tallies["writer"], enough, 0, 0.0003)
    room.crew.start(Part("writer", write, args), None)
    writer = room.crew.started[-1]
    for _ in range(DEATHS):
        room.start_reader(name, Fault(point, nth))
        assert room.crew.reap(room.readers[name]) == KILLED, "it came to the point"
        assert not any(room.ring.words[at] for at in _pins_of(room.ring, name)), "a dead reader's pins go"
    room.start_reader(name)
    before = room.ring.newest_seq()
    until(lambda: room.ring.newest_seq() > before + FRAMES, "the writer, who never died, goes on")
    enough.value = 1
    room.ring.wakes[0].reader_end.ring()
    assert room.crew.ended(writer) == 0
    assert room.tallies["writer"].lives == 1
    room.check(room.ring.newest_seq())


def _pins_of(ring: Ring, name: str) -> range:
    row = ring.spec.row(name)
    first = ring.spec.row_at[row] + layout.PINS
    return range(first, first + ring.spec.rows[row].pins)


@dataclass
class HandOver:
    """capture -> frames -> depth -> maps -> stereo, which leases each map's frame by its source."""

    frames: Ring
    maps: Ring
    crew: Crew
    capture: Part
    depth: Part
    stereo: Part
    tallies: dict[str, Any]
    last_words: Any  # the newest map at depth's latest death

    def reap_depth(self) -> int:
        code = self.crew.ended(self.depth.process)
        self.last_words.value = self.maps.newest_seq()  # before its pins go
        self.depth.forget()
        return code


@pytest.fixture
def hand_over() -> Iterator[HandOver]:
    map_slots = 3  # stereo's one, and two
    rows = (RowSpec("depth", "latest", map_slots), RowSpec("stereo", "by-source", 1))
    frames = make_ring(RingSpec(f"frames-{os.getpid()}", map_slots + 1 + 2, SLOT_BYTES, rows))
    maps = make_ring(RingSpec(f"maps-{os.getpid()}", map_slots, 64, (RowSpec("stereo", "latest", 1),)))
    tallies = {name: make_tally() for name in ("capture", "depth", "stereo")}
    last_words = make_flag()
    with Crew() as crew:
        capture = Part(
            "capture", write, (frames.writer(), tallies["capture"], crew.stop, 0, 0.0001), (), (frames,)
        )
        depth = Part(
            "depth",
            hand_on,
            (frames.reader("depth"), maps.writer(), tallies["depth"], crew.stop),
            ((frames, "depth"),),
            (maps,),
        )
        stereo = Part(
            "stereo",
            join,
            (
                frames.reader("stereo"),
                maps.reader("stereo"),
                tallies["stereo"],
                crew.stop,
                last_words,
                0.0005,
            ),
            ((maps, "stereo"), (frames, "stereo")),
        )
        yield HandOver(frames, maps, crew, capture, depth, stereo, tallies, last_words)
    frames.close()
    maps.close()


def _check_hand_over(hand_over: HandOver) -> None:
    tallies = hand_over.tallies
    joined = tallies["stereo"].count
    until(lambda: tallies["stereo"].count > joined + FRAMES, "stereo goes on, each map with its frame")
    hand_over.crew.finish(hand_over.capture, hand_over.depth, hand_over.stereo)
    assert {name: tally.torn for name, tally in tallies.items()} == dict.fromkeys(tallies, 0)
    assert tallies["stereo"].unexplained == 0, "SourceGone while the keeper lived"
    assert hand_over.frames.words[layout.NO_SLOT_AT] == 0, "the sizes add up: capture always had a slot"
    assert tallies["capture"].lives == 1
    hand_over.depth.forget()  # what it keeps behind its maps goes when it is reaped
    words, spec = hand_over.frames.words, hand_over.frames.spec
    assert not any(words[at] for at in spec.pin_at), "a pin stayed"


@pytest.mark.parametrize("nth", [1, 2, 13])
def test_the_middle_of_a_hand_over_dies_between_leasing_a_frame_and_publishing_its_map(
    hand_over: HandOver, nth: int
) -> None:
    crew = hand_over.crew
    crew.start(hand_over.capture)
    crew.start(hand_over.stereo)
    for _ in range(DEATHS):
        crew.start(hand_over.depth, Fault("mid_hand_over", nth))
        assert hand_over.reap_depth() == KILLED, "it came to the point"
    crew.start(hand_over.depth)
    _check_hand_over(hand_over)


@pytest.mark.parametrize("nth", [1, 2, 13])
@pytest.mark.parametrize("point", ["after_pin", "before_unpin"])
def test_the_end_of_a_hand_over_dies_with_its_pin_set(hand_over: HandOver, point: str, nth: int) -> None:
    crew = hand_over.crew
    crew.start(hand_over.capture)
    crew.start(hand_over.depth)
    for _ in range(DEATHS):
        crew.start(hand_over.stereo, Fault(point, nth))
        assert crew.reap(hand_over.stereo) == KILLED, "it came to the point"
    crew.start(hand_over.stereo)
    _check_hand_over(hand_over)
    assert hand_over.tallies["stereo"].gone == 0, "a reader's death costs no frame"


def test_a_frame_is_gone_only_when_its_keeper_died(hand_over: HandOver) -> None:
    """By hand, so that it surely happens: depth publishes a map, dies, and its frame is written over."""
    crew, maps, frames = hand_over.crew, hand_over.maps, hand_over.frames
    crew.start(hand_over.capture)
    crew.start(hand_over.depth)
    until(lambda: maps.newest_seq() > 3, "there are maps")
    by_source, newest = frames.reader("stereo").open(), maps.reader("stereo").open()
    with newest.lease() as lease:
        source = lease.info.source
        time.sleep(0.05)  # a hundred frames
        by_source.lease_source(source).release()
        os.kill(hand_over.depth.pid, signal.SIGKILL)
        assert hand_over.reap_depth() == KILLED
        until(lambda: frames.words[frames.spec.slot_at[source.slot]] >> 1 != source.seq, "written over")
        with pytest.raises(SourceGone, match=f"frame {source.seq}"):
            by_source.lease_source(source)
