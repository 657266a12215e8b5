"""The one step, with real rings: whose frame a picture is, what is counted, what messages do."""

import itertools
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from pipeline.control import Channel, is_sound
from shm import layout
from shm.board import Board
from shm.histogram import bucket_of
from shm.layout import RingSpec, RowSpec
from shm.lease import Lease, OpenSlot
from shm.ring import Ring, RingReader, RingWriter
from tests.workers.one_process import Row, host, row
from workers.capture._time_code import read_time_code
from workers.worker import Link, Step, Worker

pytestmark = pytest.mark.timeout(60)


def numbers(line: Row, count: int) -> list[int]:
    """Time codes of the next pictures."""
    seen = []
    for _ in range(count):
        with line.picture() as picture:
            number = read_time_code(picture.frame[:, : picture.info.shape[1] // 2])
        assert number is not None, "a torn picture"
        seen.append(number)
    return seen


def test_contract_each_picture_is_one_frame_with_its_own_depth() -> None:
    """However far behind stereo is: the source of the map is the frame that it was made from."""
    with row("capture.fps=480", "scene.speed=10") as line:
        for behind in (0, 1, 3, 10, 50):
            for _ in range(behind):
                time.sleep(0.003)
                line.step("capture")
            time.sleep(0.003)
            line.step("capture", "steady")
            for _ in range(behind):
                time.sleep(0.003)
                line.step("capture")
            line.step("stereo")
            with line.picture() as picture:
                number = read_time_code(picture.frame[:, :320])
                assert number is not None
                assert number + 1 == picture.info.source.seq
                assert time.perf_counter_ns() > picture.info.t_publish >= picture.info.t_capture
        assert all(seat.stats().lost == 0 for seat in line.seats.values())


def test_contract_pictures_come_in_order_and_none_twice() -> None:
    with row("capture.fps=480") as line:
        seen = numbers(line, 50)
        assert seen == sorted(set(seen))


def test_contract_steps_waits_works_and_latencies_are_counted() -> None:
    with row("capture.fps=480") as line:
        numbers(line, 10)
        capture, steady, stereo = (line.seats[name].stats() for name in ("capture", "steady", "stereo"))
        assert capture.steps >= steady.steps >= stereo.steps >= 10
        assert (sum(capture.wait), sum(capture.latency)) == (0, 0), "a source waits for nobody"
        assert sum(capture.work) == capture.steps
        for stats in (steady, stereo):
            assert sum(stats.wait) == sum(stats.work) == sum(stats.latency) == stats.steps


def test_contract_a_frame_whose_source_is_gone_is_dropped_and_counted() -> None:
    """As after the death of the one in the middle: his leases are cleared and the frames re-used."""
    with row("capture.fps=480") as line:
        numbers(line, 3)
        time.sleep(0.003)
        line.step("capture", "steady")
        for name in ("capture", "steady"):
            line.rings["frame"].forget_reader(name)
        writer = line.seats["capture"].step.link.writers["frame"]
        for _ in range(20):
            slot = writer.acquire()
            assert slot is not None
            slot.view((180, 320, 3))[:] = 0
            writer.publish(slot, t_capture=time.perf_counter_ns())
        before = line.seats["stereo"].stats()
        line.step("stereo")
        after = line.seats["stereo"].stats()
        assert (after.lost, after.steps) == (before.lost + 1, before.steps)


def test_contract_a_frame_that_does_not_fit_is_dropped_counted_and_wished_for() -> None:
    with row("capture.fps=480") as line:
        capture = line.seats["capture"]
        numbers(line, 1)
        steps = capture.stats().steps
        capture.worker._backdrop = np.zeros((360, 640, 3), np.uint8)  # type: ignore[attr-defined]
        time.sleep(0.003)
        line.step("capture")
        assert (capture.stats().lost, capture.stats().steps) == (1, steps)
        assert [message for message, _ in capture.channel.receive()] == [
            {"kind": "too_large", "ring": "frame", "nbytes": 360 * 640 * 3}
        ]


def test_contract_live_settings_count_from_the_next_frame() -> None:
    with row("capture.fps=480") as line:
        with line.picture() as picture:
            assert picture.info.shape == (180, 640, 3)
        stereo = line.seats["stereo"]
        stereo.channel.send({"kind": "settings", "section": "stereo", "values": {"layout": "depth"}})
        shapes = []
        for _ in range(3):  # one may have been on its way
            with line.picture() as picture:
                shapes.append(picture.info.shape)
        assert shapes[1:] == [(180, 320, 3)] * 2


def test_contract_stop_and_log_level() -> None:
    with row() as line:
        capture = line.seats["capture"]
        capture.channel.send({"kind": "log_level", "level": logging.ERROR})
        capture.step.once(0)
        assert logging.getLogger().level == logging.ERROR
        assert not capture.step.stopping
        capture.channel.send({"kind": "stop"})
        capture.step.once(0)
        assert capture.step.stopping
        capture.worker.drive(capture.step)  # returns at once


def test_contract_a_worker_whose_launcher_is_gone_stops() -> None:
    with row() as line:
        steady = line.seats["steady"]
        steady.channel.close()
        steady.step.once(0)
        assert steady.step.stopping


def test_contract_an_unknown_message_is_an_error() -> None:
    with row() as line:
        line.seats["steady"].channel.send({"kind": "dance"})
        with pytest.raises(ValueError, match="unknown control message 'dance'"):
            line.seats["steady"].step.once(0)


def test_contract_it_beats_while_it_sleeps() -> None:
    with row() as line:
        steady = line.seats["steady"]
        steady.step.once(0)  # takes note that its writer has come
        before = steady.stats().beat
        begin = time.perf_counter()
        steady.step.once(0.05)
        assert steady.stats().beat > before
        assert time.perf_counter() - begin >= 0.04, "with nothing to do it slept"


def test_contract_a_new_segment_is_gone_over_to_and_pictures_go_on() -> None:
    with row("capture.fps=480") as line:
        first = numbers(line, 5)
        old = line.rings["frame"]
        new = old.grown(old.spec.slot_bytes * 2)
        send_to_all(line, new)
        line.rings["frame"] = new
        seen = numbers(line, 20)
        assert seen == sorted(set(seen))
        assert seen[0] > first[-1]
        assert new.words[layout.EPOCH_AT] == 1
        assert new.words[layout.HEAD_AT] >> 8 > old.newest_seq()
        old.close(keep_wakes=True)


def send_to_all(line: Row, ring: Ring) -> None:
    """As the launcher does it."""
    message = {"kind": "segment", "spec": ring.spec.to_json(), "segment": ring.segment.to_json()}
    for seat in line.seats.values():
        names = [end.spec.name for end in seat.step.link.ends]
        if ring.spec.name in names:
            seat.channel.send(message, ring.segment.fds, key="segment")


def test_contract_descriptors_of_new_segments_do_not_pile_up() -> None:
    with row("capture.fps=480") as line:
        numbers(line, 3)
        rings, counts = [line.rings["frame"]], []
        for _ in range(10):
            new = rings[-1].grown(rings[-1].spec.slot_bytes)
            send_to_all(line, new)
            numbers(line, 5)
            rings[-1].close(keep_wakes=True)
            rings.append(new)
            counts.append(len(os.listdir("/proc/self/fd")))
        line.rings["frame"] = rings[-1]
        assert len(set(counts[3:])) == 1, counts


def test_contract_the_channel_is_flushed_with_every_step() -> None:
    """What did not fit the socket once must not wait for the next message."""
    with row() as line:
        steady = line.seats["steady"]
        control = steady.step.link.control
        assert isinstance(control, Channel)
        for i in range(200):
            control.send({"kind": "log", "level": 20, "time": 0.0, "text": "x" * 5000 + str(i)})
        assert control._queue
        seen = 0
        for _ in range(100):
            seen += len(steady.channel.receive())
            steady.step.once(0)
        assert seen == 200


# Following, sleeping, staleness -----------------------------------------------------------------------------


class Follower(Worker):
    """Notes what the step asks of it; turns what it reads into 1, what it follows into 2."""

    reads, follows = "depth", "small"
    writes = {"out": "GRAY"}

    def __init__(self) -> None:
        super().__init__(SimpleNamespace(), host())
        self.told: list[str] = []

    def process(self, depth: Lease, out: OpenSlot) -> None:
        self.told.append(f"process {depth.frame[0]}")
        out.view((1,))[:] = 1

    def follow(self, small: Lease, input_live: bool, out: OpenSlot) -> bool:
        self.told.append(f"follow {small.frame[0]} {'live' if input_live else 'away'}")
        out.view((1,))[:] = 2
        return not input_live

    def stale(self, stale: bool) -> None:
        self.told.append("stale" if stale else "fresh")

    def wake(self) -> None:
        self.told.append("wake")


class Source(Worker):
    """Has something new whenever it is asked."""

    writes = {"out": "GRAY"}

    def __init__(self) -> None:
        super().__init__(SimpleNamespace(), host())
        self.told: list[str] = []

    def process(self, out: OpenSlot) -> int:
        self.told.append("process")
        out.view((1,))[:] = 1
        return time.perf_counter_ns()

    def wake(self) -> None:
        self.told.append("wake")


@dataclass
class Bench:
    """One worker between rings whose other ends are the test's."""

    worker: Any
    step: Step
    channel: Channel
    rings: dict[str, Ring]
    writers: dict[str, RingWriter]
    out: RingReader
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def put(self, ring: str) -> int:
        """A frame with the next number in it."""
        slot, number = self.writers[ring].acquire(), next(self.numbers)
        assert slot is not None
        slot.view((1,))[:] = number
        self.writers[ring].publish(slot, t_capture=number)
        return number

    def told(self) -> list[str]:
        """Since the last call."""
        told = list(self.worker.told)
        self.worker.told.clear()
        return told

    def once(self) -> list[str]:
        """One step, and what it asked of the worker."""
        self.step.once(0)
        return self.told()

    def shown(self) -> int | None:
        """What is new in the ring that it writes."""
        lease = self.out.lease()
        if lease is None:
            return None
        with lease:
            return int(lease.frame[0])


@contextmanager
def bench(worker: Any) -> Iterator[Bench]:
    wiring = worker.wiring(worker.settings)
    mode_of = dict.fromkeys(wiring.followed, worker.follow_mode)
    rings = {
        name: Ring.create(RingSpec(name, 4, 8, (RowSpec("it", mode_of.get(name, "latest"), 1),)))
        for name in wiring.inputs
    }
    rings["out"] = Ring.create(RingSpec("out", 4, 8, (RowSpec("show", "latest", 1),)))
    for ring in rings.values():
        ring.set_state(layout.LIVE)
    board, (ours, theirs) = Board.create(1), Channel.pair()
    control = Channel(theirs)
    ends = {name: rings[name].reader("it").open() for name in wiring.inputs}
    link = Link(
        line=board.line(0),
        control=control,
        reader=ends.get(wiring.reads),
        followers=tuple(ends[name] for name in wiring.followed),
        writers={"out": rings["out"].writer().open()},
    )
    writers = {name: rings[name].writer().open() for name in wiring.inputs}
    try:
        yield Bench(
            worker, Step(worker, link, wiring), ours, rings, writers, rings["out"].reader("show").open()
        )
    finally:
        ours.close()
        control.close()
        del link, ends, writers
        for ring in rings.values():
            ring.close()
        board.close()


def test_contract_what_it_follows_comes_in_the_order_in_which_it_was_captured() -> None:
    """A map that waits together with its small frame does not come first: with that frame a scene may
    begin."""
    with bench(Follower()) as desk:
        small, depth = desk.put("small"), desk.put("depth")
        assert desk.once() == [f"follow {small} live", f"process {depth}"]
        depth, small = desk.put("depth"), desk.put("small")
        assert desk.once() == [f"process {depth}", f"follow {small} live"]
        assert desk.once() == []
        small = desk.put("small")
        assert desk.once() == [f"follow {small} live"]


def test_contract_a_main_input_that_never_rests_does_not_keep_off_the_newest_that_it_follows() -> None:
    with bench(Follower()) as desk:
        for _ in range(5):
            depth, _, small = desk.put("depth"), desk.put("small"), desk.put("small")
            assert desk.once() == [f"process {depth}", f"follow {small} live"]


class Shower(Follower):
    """Shows what it follows, too."""

    def follow(self, small: Lease, input_live: bool, out: OpenSlot) -> bool:
        super().follow(small, input_live, out)
        return True


def test_contract_what_it_follows_and_what_it_reads_have_a_slot_each_in_one_step() -> None:
    with bench(Shower()) as desk:
        for order, shown in ((("small", "depth"), 1), (("depth", "small"), 2)):
            before = desk.rings["out"].newest_seq()
            for ring in order:
                desk.put(ring)
            desk.once()
            assert desk.rings["out"].newest_seq() == before + 2
            assert desk.shown() == shown


class FollowerOfTwo(Follower):
    follows = ("small", "sound")

    def follow(self, lease: Lease, input_live: bool, out: OpenSlot) -> bool:
        self.told.append(f"{lease.ring} {lease.frame[0]}")
        return False


def test_contract_of_several_rings_that_it_follows_each_frame_says_its_own() -> None:
    with bench(FollowerOfTwo()) as desk:
        sound, small = desk.put("sound"), desk.put("small")
        assert desk.once() + desk.once() == [f"small {small}", f"sound {sound}"]


class FollowerOfEach(FollowerOfTwo):
    follow_mode = "every-or-count"


def test_contract_a_main_input_that_never_rests_does_not_keep_off_what_counts_each() -> None:
    with bench(FollowerOfEach()) as desk:
        desk.put("depth")
        for _ in range(5):
            small, sound = desk.put("small"), desk.put("sound")
            assert desk.once()[0].startswith("process")
            depth = desk.put("depth")
            assert desk.once() + desk.once() == [f"small {small}", f"sound {sound}"]
            assert desk.once() == [f"process {depth}"]
            desk.put("depth")


def test_contract_what_comes_after_its_turn_does_not_keep_off_the_main_input() -> None:
    with bench(FollowerOfEach()) as desk:
        for _ in range(5):
            depth, sound = desk.put("depth"), desk.put("sound")
            assert desk.once() == [f"process {depth}"]
            depth, late, later = desk.put("depth"), desk.put("sound"), desk.put("sound")
            assert desk.once() + desk.once() == [f"sound {sound}", f"sound {late}"]
            assert desk.once() == [f"process {depth}"]
            assert desk.once() == [f"sound {later}"]
            assert desk.once() == []


def test_contract_a_frame_it_follows_is_shown_only_if_it_says_so() -> None:
    with bench(Follower()) as desk:
        desk.put("depth")
        desk.once()
        assert desk.shown() == 1
        desk.put("small")
        desk.once()
        assert desk.shown() is None
        desk.rings["depth"].set_state(layout.AWAY)
        small = desk.put("small")
        assert desk.once() == ["stale", f"follow {small} away"]
        assert desk.shown() == 2


def test_contract_what_is_counted_is_the_work_and_not_what_the_woken_reader_does_first() -> None:
    """Whom publishing wakes often has this core at once, and we come after it."""
    with bench(Follower()) as desk:
        link = desk.step.link
        for ring in ("depth", "small"):
            desk.out.arm()
            link.writers["out"]._bells = [lambda: time.sleep(1.0)]
            desk.put(ring)
            desk.once()
            if (lease := desk.out.lease()) is not None:
                lease.release()
        work = link.line.read().work
        assert sum(work) >= 1
        assert sum(work[bucket_of(900_000_000) :]) == 0


def test_contract_staleness_is_told_when_it_changes_and_not_again() -> None:
    with bench(Follower()) as desk:
        for state, told in (
            (layout.LIVE, []),
            (layout.AWAY, ["stale"]),
            (layout.FAILED, []),
            (layout.STARTING, []),
            (layout.LIVE, ["fresh"]),
            (layout.LIVE, []),
            (layout.FAILED, ["stale"]),
        ):
            desk.rings["depth"].set_state(state)
            assert desk.once() == told
            assert desk.once() == []


def test_contract_asleep_it_does_nothing_and_awake_again_it_takes_the_newest() -> None:
    with bench(Follower()) as desk:
        desk.channel.send({"kind": "asleep", "value": True})
        assert desk.once() == []
        for _ in range(3):
            small, depth = desk.put("small"), desk.put("depth")
            assert desk.once() == []
        assert desk.shown() is None
        desk.channel.send({"kind": "asleep", "value": False})
        assert desk.once() == ["wake"]
        assert desk.once() == [f"follow {small} live", f"process {depth}"]
        assert desk.shown() == 1


@pytest.mark.parametrize("worker", [Follower, Source])
def test_contract_it_is_woken_once_however_often_it_is_told(worker: Any) -> None:
    with bench(worker()) as desk:
        for value, told in ((False, 0), (True, 0), (True, 0), (False, 1), (False, 0), (True, 0), (False, 1)):
            desk.channel.send({"kind": "asleep", "value": value})
            assert desk.once().count("wake") == told


def test_contract_a_source_that_sleeps_makes_nothing_though_it_is_due() -> None:
    with bench(Source()) as desk:
        assert desk.once() == ["process"]
        assert desk.shown() == 1
        desk.channel.send({"kind": "asleep", "value": True})
        for _ in range(5):
            assert desk.once() == []
        assert desk.shown() is None
        desk.channel.send({"kind": "asleep", "value": False})
        assert desk.once() == ["wake"]
        assert desk.once() == ["process"]


def test_contract_asleep_it_still_beats_obeys_and_waits_for_its_messages_only() -> None:
    with bench(Source()) as desk:
        desk.channel.send({"kind": "asleep", "value": True})
        desk.once()
        before, begin = desk.step.link.line.read().beat, time.perf_counter()
        desk.step.once(0.05)
        assert time.perf_counter() - begin >= 0.04, "due or not, it slept"
        assert desk.step.link.line.read().beat > before
        desk.channel.send({"kind": "stop"})
        desk.once()
        assert desk.step.stopping


def test_contract_with_room_in_one_ring_and_none_in_the_other_it_sleeps() -> None:
    """And does not look again and again, on the processor that whoever is to make the room needs."""
    full = Ring.create(RingSpec("full", 2, 8, (RowSpec("slow", "every", 1),)))
    with bench(Source()) as desk:
        writer = desk.step.link.writers["full"] = full.writer().open()
        while (slot := writer.acquire()) is not None:
            slot.view((1,))[:] = 1
            writer.publish(slot, t_capture=1)
            del slot
        desk.once()
        begin = time.perf_counter()
        desk.step.once(0.05)
        assert time.perf_counter() - begin >= 0.04
        assert not desk.told()
        del writer, desk.step.link.writers["full"]
    full.close()


def test_contract_what_a_worker_tells_reaches_the_launcher() -> None:
    """A source that has lost its screen, a window that nobody looks at."""
    with row() as line:
        capture = line.seats["capture"]
        capture.worker.host.tell("away")
        capture.worker.host.tell("looking", rings=[])
        messages = [message for message, _ in capture.channel.receive()]
        assert messages == [{"kind": "away"}, {"kind": "looking", "rings": []}]
        assert all(is_sound(message, ["frame"], ["frame"]) for message in messages)


def test_contract_an_offer_that_nobody_took_has_no_slot() -> None:
    with row() as line:
        capture = line.seats["capture"]
        assert set(capture.step.link.writers) == {"frame", "small", "depth"}
    with row("depth.model=none.onnx", without=("depth",)) as line:
        capture = line.seats["capture"]
        assert set(capture.step.link.writers) == {"frame", "small"}
        capture.step.once(0)
        assert line.rings["frame"].newest_seq() == line.rings["small"].newest_seq() == 1
        assert capture.stats().lost == 0


def test_contract_what_is_offered_names_the_frame_that_it_was_made_from() -> None:
    with row("capture.fps=480") as line:
        for name in ("small", "depth"):
            reader = line.seats["steady"].step.link
            end = reader.followers[0] if name == "small" else reader.reader
            assert end is not None
            line.step("capture")
            with end.lease() as lease:  # type: ignore[union-attr]
                assert lease.info.source.seq == line.rings["frame"].newest_seq()
                with line.seats["steady"].step.link.joined.lease_source(lease.info.source) as frame:  # type: ignore[union-attr]
                    assert frame.info.t_capture == lease.info.t_capture
            time.sleep(0.003)
