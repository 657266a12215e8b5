"""scripts/bench_people.py: what it says of quality is the same on every machine, and is tested here. What it
says of speed is not."""

import json

import pytest

from tests.scripts.running import run
from tests.workers.people import needs_people

pytestmark = [needs_people(), pytest.mark.timeout(170)]


@pytest.mark.long
def test_contract_masks_are_right_and_calm_and_all_figures_are_there() -> None:
    report = json.loads(run("bench_people.py", "--json", "--rounds=3", "--clients=0"))
    assert report["flicker_ratio"] < 1 / 3
    assert report["lag_frames"] < 1
    assert report["miou"]["selfie-general"] >= 0.95
    assert report["miou"]["pphumanseg-v2"] >= 0.95
    for name, closer in report["miou_made"].items():
        assert closer > report["miou_made_whole"][name], f"{name}: it is better from closer"
    for key in (
        "background_ms",
        "background_general_ms",
        "blur_ms",
        "pphumanseg_ms",
        "pphumanseg_sample_ms",
    ):
        assert report[key] > 0
    assert report["pose"]["frames_with_pose"] > 0.85 * report["pose"]["frames"]
    assert report["mediapipe_background_ms"] is report["pose"]["mediapipe_ms"] is None, (
        "nobody named a Python that has it"
    )
