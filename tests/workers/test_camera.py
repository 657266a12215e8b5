"""A camera as the source. There is none here: FFmpeg's own test pattern takes its place, through the same
opening, thread, decoder and rings."""

import errno
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import cv2
import numpy as np
import pytest

from tests.pipeline.running import command
from tests.workers.one_process import host, open_slot, row
from workers.capture import Settings as CaptureSettings
from workers.capture import _cameras, _pushed, camera
from workers.capture._cameras import Camera as Found
from workers.capture._cameras import Opening, of_ffmpeg, of_linux, wanted
from workers.capture.camera import Camera, Settings
from workers.depth import Settings as DepthSettings

pytestmark = pytest.mark.timeout(60)
PATTERN = Opening("testsrc2=size=320x180:rate=30,realtime", "lavfi", {})
TWO = [Found("USB Camera: HD", "/dev/video0"), Found("Capture card", "/dev/video2")]


@pytest.fixture
def pattern(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera, "opening", lambda settings: PATTERN)
    monkeypatch.setattr(camera, "cameras", lambda: TWO)


@pytest.fixture
def worker() -> Iterator[Camera]:
    made = Camera(settings(), host(told := []))
    made.told = told  # type: ignore[attr-defined]
    yield made
    made.close()


def settings(**values: Any) -> SimpleNamespace:
    capture = CaptureSettings(crop_black_bars=False)
    return SimpleNamespace(camera=Settings(**values), capture=capture, depth=DepthSettings())


def picture(worker: Camera, limit: float = 20.0) -> np.ndarray:
    """The next one that it publishes."""
    slot, end = open_slot(320 * 180 * 3), time.monotonic() + limit
    while time.monotonic() < end:
        if time.perf_counter() >= worker.due() and worker.process(slot, None) is not None:
            return np.array(slot.view((180, 320, 3)))
    raise AssertionError(f"no picture in {limit} s")


def until_told(worker: Any, kind: str) -> None:
    slot, end = open_slot(320 * 180 * 3), time.monotonic() + 20
    while {"kind": kind} not in worker.told:
        assert time.monotonic() < end, f"never told {kind!r}"
        if time.perf_counter() >= worker.due():
            worker.process(slot, None)


@pytest.mark.usefixtures("pattern")
def test_contract_its_pictures_come_through_the_rings() -> None:
    with row("capture.source=camera", "depth.model=built-in") as line:
        slot_bytes = next(ring.slot_bytes for ring in line.plan.rings if ring.name == "frame")
        assert slot_bytes >= 1920 * 1080 * 3
        frames, end = line.rings["frame"], time.monotonic() + 20
        reader = frames.reader("depth")
        while reader.open().lease() is None:
            assert time.monotonic() < end
            line.step("capture")


@pytest.mark.usefixtures("pattern")
def test_contract_pictures_move_and_are_the_newest(worker: Camera) -> None:
    worker.open()
    first = picture(worker)
    assert first.std() > 30, "the pattern has many colours"
    time.sleep(0.5)
    begin = time.perf_counter_ns()
    slot = open_slot(320 * 180 * 3)
    taken = worker.process(slot, None)
    assert taken is not None
    assert begin - taken < 400e6, "15 pictures later it is not one that has waited"
    assert (np.array(slot.view((180, 320, 3))) != first).any()


class NeverWaits:
    """An open input as AVFoundation is one: between two pictures it says that there is none yet."""

    def __init__(self, container: Any) -> None:
        self._packets, self._turn = container.demux(video=0), 0

    def demux(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        while True:
            self._turn += 1
            if self._turn % 3:
                raise av.BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
            yield next(self._packets)


@pytest.mark.usefixtures("pattern")
def test_contract_one_that_has_no_picture_yet_is_asked_again(
    worker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, asked = av.open, list[Any]()

    @contextmanager
    def never_waits(*what: Any, **how: Any) -> Iterator[Any]:
        with opened(*what, **how) as container:
            asked.append(container)
            yield NeverWaits(container)

    monkeypatch.setattr(av, "open", never_waits)
    worker.open()
    for _ in range(5):
        picture(worker)
    assert len(asked) == 1
    assert {"kind": "away"} not in worker.told


def test_contract_a_damaged_picture_costs_itself_alone_and_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole = [
        cv2.imencode(".jpg", np.full((120, 160, 3), grey, np.uint8))[1].tobytes() for grey in (40, 80, 120)
    ]
    broken = b"\xff\xd8\xff\xd9"
    file = tmp_path / "camera.mjpeg"
    file.write_bytes(b"".join([broken, *whole[:2], broken, whole[2]]))
    with av.open(file, format="mjpeg") as container:
        chosen = Opening(str(file), "mjpeg", {})
        frames = [frame.to_ndarray() for frame in camera._frames(container, chosen, _pushed.Newest())]
    assert len(frames) == 3
    assert caplog.text.count("is left out") == 1


def test_contract_one_that_never_has_a_picture_is_closed_while_nobody_looks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_pushed, "REST", 0.2)

    class Dark:
        def demux(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
            raise av.BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(av, "open", lambda *what, **how: nullcontext(Dark()))
    newest = _pushed.Newest()
    camera._film(PATTERN, newest)
    assert newest.closed
    assert newest.failure is None


@pytest.mark.usefixtures("pattern")
def test_contract_it_is_closed_while_nobody_looks_and_opened_again(
    worker: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_pushed, "REST", 0.2)
    worker.open()
    picture(worker)
    newest = worker._newest
    assert newest is not None
    end = time.monotonic() + 10
    while not newest.closed:
        assert time.monotonic() < end
        time.sleep(0.05)
    picture(worker)
    assert worker._newest is not newest


def test_contract_one_that_goes_away_is_waited_for_and_said_once(
    worker: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    there = [PATTERN._replace(file="testsrc2=size=320x180:rate=30:duration=0.3,realtime")]
    monkeypatch.setattr(camera, "opening", lambda settings: there[0])
    monkeypatch.setattr(camera, "cameras", lambda: TWO)
    worker.try_again = 0.1
    worker.open()
    picture(worker)
    there[0] = Opening("/dev/video0", "v4l2", {})
    until_told(worker, "away")
    time.sleep(0.3)
    worker.told.clear()
    for _ in range(5):
        worker.process(open_slot(320 * 180 * 3), None)
    assert worker.told == []
    assert sum("trying again every second" in record.message for record in caplog.records) == 1
    there[0] = PATTERN
    until_told(worker, "ready")
    picture(worker)


@pytest.mark.usefixtures("pattern")
def test_contract_one_that_falls_silent_counts_as_lost(worker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    worker.silence = 0.3
    worker.try_again = 0.1
    monkeypatch.setattr(camera, "CLOSING", 0.1)
    answer, opened = threading.Event(), list[Opening]()

    def film(chosen: Opening, newest: Any) -> None:
        opened.append(chosen)
        answer.wait(30)

    monkeypatch.setattr(camera, "_film", film)
    worker.open()
    until_told(worker, "away")
    time.sleep(0.2)
    assert worker.process(open_slot(320 * 180 * 3), None) is None, "it is not opened twice"
    assert len(opened) == 1
    answer.set()


@pytest.mark.parametrize(
    ("error", "options", "said"),
    [
        (OSError(errno.EBUSY, "busy"), {}, "another program has it"),
        (OSError(errno.EACCES, "denied"), {}, "group video"),
        (OSError(errno.EINVAL, "invalid"), {"framerate": "500"}, "it may not offer framerate 500"),
        (OSError(errno.ENODEV, "gone"), {}, "there are: USB Camera: HD, Capture card"),
    ],
)
def test_contract_what_went_wrong_is_said_with_what_to_do(
    error: OSError, options: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camera, "cameras", lambda: TWO)
    assert said in camera._why(Opening("/dev/video0", "v4l2", options), error)


def test_contract_linux_cameras_are_listed_without_their_devices_that_give_no_pictures(
    tmp_path: Path,
) -> None:
    for device, name, index in (("video10", "Card", 0), ("video0", "HD", 0), ("video1", "HD", 1)):
        (tmp_path / device).mkdir()
        (tmp_path / device / "name").write_text(f"{name}\n")
        (tmp_path / device / "index").write_text(f"{index}\n")
    assert of_linux(tmp_path) == [Found("HD", "/dev/video0"), Found("Card", "/dev/video10")]
    assert of_linux(tmp_path / "nothing") == []


def test_contract_what_pyav_lists_elsewhere_is_opened_by_its_address() -> None:
    def device(name: str, description: str, *media: str) -> av.DeviceInfo:
        return av.DeviceInfo(name, description, False, list(media))

    windows = [device("@device_pnp_1", "HD", "video"), device("@device_cm_2", "Microphone", "audio")]
    assert of_ffmpeg("dshow", windows) == [Found("HD", "video=@device_pnp_1")]
    macos = [device("0", "FaceTime HD", "video"), device("1", "Capture screen 0", "video")]
    assert of_ffmpeg("avfoundation", macos) == [Found("FaceTime HD", "0:none")]


@pytest.mark.parametrize(
    ("which", "found"), [(1, TWO[0]), (2, TWO[1]), ("card", TWO[1]), ("/dev/null", Found(*["/dev/null"] * 2))]
)
def test_contract_one_is_wanted_by_number_name_or_path(which: int | str, found: Found) -> None:
    assert wanted(which, TWO) == found


@pytest.mark.parametrize("which", [0, 3, -1, "phone", "", "/dev/video9"])
def test_contract_one_that_is_not_there_is_refused_with_those_that_are(which: int | str) -> None:
    with pytest.raises(ValueError, match=r"\(there are 1: USB Camera: HD, 2: Capture card\)"):
        wanted(which, TWO)


def test_contract_a_size_is_asked_for_only_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="set width and height, or neither"):
        Camera.largest(settings(width=640))
    monkeypatch.setattr(_cameras, "cameras", lambda: TWO)
    asked = _cameras.opening(Settings(width=640, height=480, fps=25))  # type: ignore[arg-type]
    assert asked == Opening("/dev/video0", "v4l2", {"video_size": "640x480", "framerate": "25"})
    assert _cameras.opening(Settings()).options == {}  # type: ignore[arg-type]


def test_contract_the_launcher_says_which_cameras_there_are() -> None:
    done = command("--plan", "--set=capture.source=camera", "--set=camera.which=no such camera")
    assert done.returncode == 2
    assert "camera.which: there is no camera 'no such camera' (there are " in done.stderr
    assert "cameras (camera.which)" in command("devices").stdout
