"""scripts/bench_time.py: its clips are drawn and its maps computed, so what it says of quality is the same on
every machine, and is tested here. What it says of speed is not."""

import json
from pathlib import Path

import cv2
import pytest

from tests.scripts.running import run


@pytest.mark.timeout(120)
def test_contract_steady_where_nothing_moves_and_immediate_where_something_does(tmp_path: Path) -> None:
    report = json.loads(run("bench_time.py", "--json", f"--strips={tmp_path}"))
    assert report["flicker"]["ours"] <= report["flicker"]["per-pixel average"]
    assert report["trail_px"]["ours"] <= 1 < report["trail_px"]["per-pixel average"]
    assert report["cut_frames"]["ours"] == 1
    assert report["carry_error_over_reuse"] <= 0.25
    assert report["carry_ms"] > 0
    for name in ("static", "crossing", "moving"):
        assert cv2.imread(str(tmp_path / f"{name}.png")) is not None
