"""bench_stereo.py says what it promises, on a picture so small that nothing is measured."""

import json
import sys

import numpy as np
import pytest

pytest.importorskip("torch")

from scripts import bench_stereo
from scripts.stereo_paths.pairs import Pair

METHODS = {"backward (Desktop2Stereo)", "forward_fill (iw3)", "fast", "best"}
TIMES = {"both_eyes_1080p_ms", "both_eyes_1080p_fast_ms", "two_remap_1080p_ms", "both_eyes_4k_ms"}


def tiny_pair(*_: object) -> Pair:
    """A plane of noise four pixels behind: the right view is the left one, moved."""
    left = np.random.default_rng(1).integers(0, 256, (40, 64, 3), dtype=np.uint8)
    right, shift = np.roll(left, -4, axis=1), np.full((40, 64), 4, np.float32)
    return Pair("tiny", left, right, shift, np.arange(64)[None] < np.full((40, 1), 60))


def test_contract_json_has_the_quality_of_all_methods_and_the_speed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STEREORING_DATA", "nowhere")
    monkeypatch.setattr(bench_stereo, "aloe", tiny_pair)
    monkeypatch.setattr(bench_stereo, "FULL_HD", (54, 96))
    monkeypatch.setattr(bench_stereo, "FOUR_K", (108, 192))
    monkeypatch.setattr(sys, "argv", ["bench_stereo.py", "--rounds", "1", "--json"])
    assert bench_stereo.main() == 0
    told = json.loads(capsys.readouterr().out)
    assert {row["method"] for row in told["quality"]} == METHODS
    assert {key for row in told["quality"] for key in row} == {"pair", "method", "psnr", "ssim"}
    assert all(row["psnr"] > 40 for row in told["quality"]), "a plane has no holes"
    assert set(told["speed"]) == TIMES
    assert all(time > 0 for time in told["speed"].values())
