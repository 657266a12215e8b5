"""In a conversion time is the film's, and its scenes are known beforehand."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from pipeline.convert_folder import surveyed
from tests.workers.one_process import host, open_slot
from workers.convert._conversion import Conversion, write_whole
from workers.convert._record import Recorded, Recorder, records_in
from workers.steady import Settings
from workers.steady._scenes import Scene, Scenes
from workers.steady.nearness import Nearness

Map = npt.NDArray[np.float32]
SHAPE = (48, 64)
STEP, CUT = 40_000, 6  # microseconds from frame to frame; the first of the second scene
RNG = np.random.default_rng(7)
RAMP = np.linspace(-1.5, 2.5, SHAPE[0] * SHAPE[1]).reshape(SHAPE)
MAPS = [(RAMP + RNG.normal(number / 100, 0.1, SHAPE)).astype(np.float32) for number in range(12)]
BACKGROUND = RNG.integers(0, 255, (*SHAPE, 3), np.uint8)


def small(number: int) -> npt.NDArray[np.uint8]:
    seen = np.asarray(cv2.blur(BACKGROUND, (5, 5)), np.uint8)
    return seen if number < CUT else 255 - seen // 3


def steadied(folder: Path, between: float, **settings: Any) -> list[Map]:
    """What becomes of the maps when so many seconds pass between two of them."""
    conversion = Conversion(source=folder / "film", folder=folder)
    write_whole(conversion.scenes, Scenes([Scene(0, -2, 3), Scene(CUT * STEP, -1, 4)]).as_data())
    worker = Nearness(
        SimpleNamespace(
            steady=Settings(**settings),
            depth=SimpleNamespace(sync="exact"),
            stereo=SimpleNamespace(convergence=0.5),
            conversion=conversion,
        ),
        host(),
    )
    worker.open()
    found = []
    for number, depth in enumerate(MAPS):
        source = SimpleNamespace(seq=number + 1)
        info = SimpleNamespace(t_capture=int(1e9 * (1 + number * between)), pts=number * STEP, source=source)
        lease: Any = SimpleNamespace(frame=small(number), info=info)
        assert not worker.follow(lease, True, open_slot(depth.nbytes))
        slot = open_slot(depth.nbytes)
        lease = SimpleNamespace(frame=depth, info=info)
        worker.process(lease, slot)
        found.append(slot.view(SHAPE, np.float32).copy())
    return found


def test_a_slow_conversion_gives_the_same_as_a_quick_one(tmp_path: Path) -> None:
    usual = {"auto_convergence": True, "auto_strength": True, "overlay_seconds": 0.5}
    quick, slow = (steadied(tmp_path, between, **usual) for between in (0.001, 3.0))
    for one, other in zip(quick, slow, strict=True):
        assert np.array_equal(one, other)


def test_time_passes_all_the_same(tmp_path: Path) -> None:
    """Or nothing would be smoothed, or everything."""
    calm, unsteady = steadied(tmp_path, 1, smoothing=1.0), steadied(tmp_path, 1, smoothing=0.0)
    assert np.abs(calm[3] - unsteady[3]).mean() > 0.005


def test_the_range_is_the_scene_s_from_its_first_frame_to_its_last(tmp_path: Path) -> None:
    plain = {"smoothing": 0.0, "border_percent": 0.0, "find_overlay": False}
    for number, (depth, found) in enumerate(zip(MAPS, steadied(tmp_path, 1, **plain), strict=True)):
        low, high = (-2, 3) if number < CUT else (-1, 4)
        assert np.abs(found - np.clip((depth - low) / (high - low), 0, 1)).max() < 1e-5


def test_nothing_of_one_scene_is_left_in_the_next(tmp_path: Path) -> None:
    smooth = steadied(tmp_path, 1, smoothing=5.0, border_percent=0.0, find_overlay=False)
    assert np.abs(smooth[CUT] - np.clip((MAPS[CUT] + 1) / 5, 0, 1)).max() < 1e-5
    assert np.abs(smooth[CUT + 1] - np.clip((MAPS[CUT + 1] + 1) / 5, 0, 1)).max() > 0.01


def test_a_scene_s_range_is_what_most_of_its_frames_have() -> None:
    lows, highs = [0.0] * 19 + [-50.0] + [5.0] * 10, [1.0] * 19 + [90.0] + [9.0] * 10
    scenes = Scenes.of(range(30), lows, highs, [number == 20 for number in range(30)])
    assert scenes.at(-1) == scenes.at(0) == scenes.at(19) == Scene(0, 0.0, 1.0)
    assert scenes.at(20) == scenes.at(1000) == Scene(20, 5.0, 9.0)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e5])
def test_maps_are_kept_from_one_pass_to_the_next_and_a_torn_end_counts_for_nothing(
    scale: float, tmp_path: Path
) -> None:
    survey, maps = tmp_path / "survey.bin", tmp_path / "depth.u16"
    wanted = [depth * np.float32(scale) for depth in MAPS]
    recorder = Recorder(survey, maps, SHAPE, 0)
    for number, depth in enumerate(wanted[:5]):
        recorder.add(number * STEP, depth, 0, 1, cut=False)
    recorder.close()
    for path in (survey, maps):
        path.write_bytes(path.read_bytes()[:-9])
    assert len(records_in(survey)) == 4
    conversion = Conversion(source=tmp_path, folder=tmp_path, keeps_depth=True)
    assert surveyed(conversion, SHAPE[0] * SHAPE[1] * 2) == 4
    with maps.open("ab") as torn:
        torn.truncate(3 * SHAPE[0] * SHAPE[1] * 2 + 5)
    assert surveyed(conversion, SHAPE[0] * SHAPE[1] * 2) == 3
    recorder = Recorder(survey, maps, SHAPE, 3)
    for number, depth in enumerate(wanted[3:], 3):
        recorder.add(number * STEP, depth, 0, 1, cut=False)
    recorder.close()
    recorded, found = Recorded(survey, maps, SHAPE), np.empty(SHAPE, np.float32)
    for number, depth in enumerate(wanted):
        recorded.read(number, found)
        assert np.abs(found - depth).max() < np.ptp(depth) / 60_000
    recorded.close()
    with pytest.raises(IndexError, match="no map of frame 12"):
        Recorded(survey, maps, SHAPE).read(12, found)
