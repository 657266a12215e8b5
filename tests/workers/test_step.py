"""The one step, with real rings: whose frame a picture is, what is counted, what messages do."""

import logging
import os
import time

import numpy as np
import pytest

from pipeline.control import Channel
from shm import layout
from shm.ring import Ring
from tests.workers.one_process import Row, row
from workers.capture._time_code import read_time_code

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
        capture.step.run()  # returns at once


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
