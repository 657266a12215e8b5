"""How somebody stands: the real networks on a real clip, and the filter that keeps points calm."""

from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import av
import cv2
import numpy as np
import numpy.typing as npt
import pytest

from tests.workers.people import folder, needs_people, read
from workers.models import find_file
from workers.person._body import NAMES
from workers.person._one_euro import OneEuro
from workers.person._pose_models import POSE_MODELS
from workers.person._pose_networks import Detector, Landmarks, _Runtime
from workers.person._pose_region import Region, Size, region_of
from workers.person._prune import without_output
from workers.person._tracker import Tracker
from workers.person.pose import PoseWorker, Settings
from workers.worker import CannotWork, Host

POINTS = ("nose", "left ear", "left shoulder", "right shoulder", "left elbow", "left wrist")
FIRST = [
    (542.36, 76.78),
    (564.07, 76.48),
    (584.59, 136.30),
    (500.20, 120.89),
    (565.65, 181.19),
    (551.62, 121.00),
]
TWELFTH = [
    (544.35, 73.54),
    (561.78, 73.24),
    (584.83, 133.94),
    (497.72, 121.95),
    (573.79, 182.75),
    (555.11, 121.04),
]

pytestmark = pytest.mark.timeout(120)
Pixels = npt.NDArray[np.uint8]


def clip(first: int, last: int) -> list[Pixels]:
    with av.open(str(folder() / "speaker_clip.mp4")) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    return frames[first:last]


# The networks -------------------------------------------------------------------------------------------


@needs_people()
@pytest.mark.parametrize("name", ["pose-full", "pose-lite"])
def test_contract_the_astronaut_s_points_are_where_they_are(name: str) -> None:
    """As one sees them in the picture of 512 x 512; her left is our right."""
    (pose,) = Tracker(Detector(1), Landmarks(name, 1))(read(folder() / "astronaut.png"), 0.0)
    for point, place in {
        "nose": (224, 122),
        "left eye": (240, 100),
        "right eye": (208, 102),
        "left shoulder": (305, 235),
        "right shoulder": (112, 240),
    }.items():
        found = pose.points[NAMES.index(point), :2]
        assert np.linalg.norm(found - place) < 40, (point, found)
    assert pose.score > 0.9
    assert pose.points[NAMES.index("nose"), 3] > 0.9
    assert np.abs(pose.world).max() < 2, "metres"


@needs_people()
def test_contract_the_mask_is_cut_off_and_the_points_are_the_same_to_the_bit() -> None:
    for name in ("pose-full", "pose-lite"):
        model = find_file(POSE_MODELS[name]).read_bytes()
        pixels = np.random.default_rng(1).integers(0, 256, (256, 256, 3), np.uint8)
        whole = _Runtime(model, 1, 1 / 255, 0)(pixels)
        cut = _Runtime(without_output(model, 2), 1, 1 / 255, 0)(pixels)
        del whole[2]
        assert len(whole) == len(cut) == 4
        for one, other in zip(whole, cut, strict=True):
            assert np.array_equal(one, other)


@needs_people()
def test_contract_nobody_is_found_where_nobody_is() -> None:
    noise = np.random.default_rng(1).integers(0, 40, (360, 640, 3), np.uint8)
    tracker = Tracker(Detector(1), Landmarks("pose-lite", 1))
    assert tracker(noise, 0.0) == []
    assert tracker(np.zeros((720, 405, 3), np.uint8), 0.1) == []


class Counted(Detector):
    def __init__(self) -> None:
        self._detector, self.looks = Detector(1), 0

    def __call__(self, frame: Pixels) -> list[Region]:
        self.looks += 1
        return self._detector(frame)


@needs_people()
def test_contract_the_detector_looks_only_when_nobody_is_followed() -> None:
    detector = Counted()
    tracker = Tracker(detector, Landmarks("pose-lite", 1))
    frames = clip(0, 12)
    for number, frame in enumerate(frames):
        assert tracker(frame, number / 30)
    assert detector.looks == 1
    assert tracker(np.zeros_like(frames[0]), 1.0) == []
    assert tracker(frames[-1], 1.1), "he is found again"
    assert detector.looks == 2


@needs_people()
def test_an_empty_room_is_looked_at_ten_times_a_second() -> None:
    detector = Counted()
    tracker = Tracker(detector, Landmarks("pose-lite", 1))
    empty, frames = np.zeros((360, 640, 3), np.uint8), clip(0, 5)
    for number in range(60):
        assert tracker(empty, number / 60) == []
    assert detector.looks == 60, "who has just left may be back at once"
    for number in range(60, 240):
        assert tracker(empty, number / 60) == []
    assert detector.looks == pytest.approx(60 + 30, abs=3)
    found = [bool(tracker(frame, 4 + number / 30)) for number, frame in enumerate(frames)]
    assert found[-1], "within a tenth of a second"


@needs_people()
def test_contract_the_points_are_those_of_mediapipe() -> None:
    """MediaPipe 0.10.21's, of the 12 first frames of the clip as PyAV has them (x and y in pixels, from
    mp.solutions.pose.Pose(model_complexity=1)): the region of each frame comes from the frame before, so that
    all of it is seen here."""
    mediapipe = {0: FIRST, 11: TWELFTH}
    tracker = Tracker(Detector(1), Landmarks("pose-full", 1))
    for number, frame in enumerate(clip(0, 12)):
        (pose,) = tracker(frame, (number + 1) * 0.033333)
        if number in mediapipe:
            places = pose.points[[NAMES.index(name) for name in POINTS], :2]
            assert places == pytest.approx(np.array(mediapipe[number]), abs=0.5)


@needs_people()
def test_contract_two_people_are_followed_each_by_himself() -> None:
    """The astronaut twice, beside herself."""
    one = read(folder() / "astronaut.png")[:, 60:400]
    both = np.hstack([one, one])
    tracker = Tracker(Detector(1), Landmarks("pose-lite", 1), people=3)
    for number in range(12):
        poses = tracker(both, number / 30)
    noses = sorted(float(pose.points[0, 0]) for pose in poses)
    assert noses == pytest.approx([164, 164 + 340], abs=20)
    assert len(Tracker(Detector(1), Landmarks("pose-lite", 1))(both, 0.0)) == 1, (
        "one, unless more are asked for"
    )


def test_contract_a_file_that_cannot_be_written_is_named_at_the_start(tmp_path: Path) -> None:
    settings = SimpleNamespace(pose=Settings(json=str(tmp_path)))
    host = Host(busy=lambda *_, **__: nullcontext(), tell=lambda *_, **__: None, threads=1)
    with pytest.raises(CannotWork, match=f"pose.json: cannot write {tmp_path}"):
        PoseWorker(settings, host).open()


# Regions ------------------------------------------------------------------------------------------------

SIZE = Size(600, 400)


def square(x: float, y: float, side: float, angle: float = 0.0) -> Region:
    """In pixels of a frame of that size."""
    wide, high = SIZE
    return Region(*(np.float32(value) for value in (x / wide, y / high, side / wide, side / high, angle)))


@pytest.mark.parametrize("angle", [0.0, 0.4, -1.2, 3.0])
def test_contract_what_is_cut_out_of_a_frame_goes_back_to_where_it_was(angle: float) -> None:
    frame = np.zeros((400, 600, 3), np.uint8)
    frame[150:156, 320:326] = 255
    region = square(300, 180, 220, angle)
    cut = region.cut(frame, 256)
    rows, columns = np.nonzero(cut[..., 0] > 127)
    middle = np.array([[(columns.mean()) / 256, (rows.mean()) / 256, 0]], np.float32)
    assert region.to_frame(middle, SIZE)[0, :2] * SIZE == pytest.approx([322.5, 152.5], abs=1.0)


@needs_people()
def test_contract_of_a_frame_with_longer_sides_than_opencv_takes_the_same_is_cut_out() -> None:
    """A strip of 36000 pixels, with her far to the right."""
    her = np.asarray(cv2.resize(read(folder() / "astronaut.png"), (1024, 1024)), np.uint8)
    strip = np.zeros((1024, 36_000, 3), np.uint8)
    strip[:, 34_000:35_024] = her
    of_her = Region(*(np.float32(value) for value in (0.5, 0.5, 1, 1, 0.3)))
    of_all = of_her._replace(x=np.float32(34_512 / 36_000), width=np.float32(1024 / 36_000))
    inside = np.s_[64:192, 64:192]
    one, other = of_her.cut(her, 256)[inside], of_all.cut(strip, 256)[inside]
    assert np.abs(one.astype(int) - other).mean() < 4


@pytest.mark.parametrize(
    ("above", "angle"), [((100, 40), 0.0), ((160, 100), np.pi / 2), ((40, 100), -np.pi / 2)]
)
def test_contract_a_body_stands_upright_in_its_region(above: tuple[float, float], angle: float) -> None:
    middle, top = (np.array(place, np.float32) / np.array(SIZE, np.float32) for place in ((100, 100), above))
    region = region_of(middle, top, SIZE).with_room(SIZE)
    assert region.angle == pytest.approx(angle, abs=1e-5)
    assert region.pixels(SIZE) == pytest.approx(2 * 1.25 * 60)


def test_contract_regions_are_of_the_same_body_where_their_middles_are_the_same() -> None:
    one = square(100, 100, 100)
    assert one.is_of(square(105, 103, 130), SIZE)
    assert not one.is_of(square(120, 100, 100), SIZE)


# Over time ----------------------------------------------------------------------------------------------


def test_contract_points_at_rest_are_calm_and_those_that_move_are_not_late() -> None:
    random = np.random.default_rng(1)
    euro, raw, found = OneEuro(0.05, 80), [], []
    for step in range(90):
        raw.append(random.normal(0, 1, 3).astype(np.float32))
        found.append(euro(raw[-1], step / 30, 300))
    assert np.abs(np.diff(found[30:], axis=0)).mean() < 0.5 * np.abs(np.diff(raw[30:], axis=0)).mean()
    euro = OneEuro(0.05, 80)
    for step in range(60):
        value = np.array([20.0 * step], np.float32)
        late = value - euro(value, step / 30, 300)
    assert late[0] < 20, "less than a frame"


def test_contract_time_that_does_not_go_on_begins_anew() -> None:
    euro = OneEuro(0.05, 80)
    euro(np.zeros(2, np.float32), 5.0)
    assert (euro(np.ones(2, np.float32), 4.0) == 1).all()
