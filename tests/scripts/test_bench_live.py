"""scripts/bench_live.py, bench_handover.py and make_picture.py with little time. No figure is tested here."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.scripts.running import run
from workers.depth._models import is_here

needs_model = pytest.mark.skipif(not is_here("tcmonodepth-small"), reason="tcmonodepth-small is not here")


@pytest.mark.long
@needs_model
@pytest.mark.timeout(120)
def test_smoke_the_whole_way_is_measured_at_a_client() -> None:
    output = run("bench_live.py", "--json", "--seconds=3", "--alone-seconds=2", "--peer-seconds=2")
    report = json.loads(output)
    assert report["fps"] > 0
    assert 0 < report["latency_ms"]["p50"] <= report["latency_ms"]["p95"] <= report["latency_ms"]["p99"]
    stages = set(report["stages"]) - {"encode"}  # which sleeps there, but may have worked at the beginning
    assert stages == {"capture", "depth", "steady", "stereo", "web"}
    assert all(stage["work_ms"] > 0 and stage["wait_ms"] >= 0 for stage in report["stages"].values())
    assert report["rate_over_bound"] > 0
    assert report["peer"]["fps"] > 0


@needs_model
@pytest.mark.timeout(60)
def test_smoke_handing_on_is_measured_beside_blocking_queues() -> None:
    report = json.loads(run("bench_handover.py", "--json", "--seconds=2"))
    assert report["ours_ms"] > 33
    assert report["blocking_queue_ms"] > 33
    assert report["ratio"] == pytest.approx(report["ours_ms"] / report["blocking_queue_ms"])


@pytest.mark.timeout(60)
def test_smoke_the_readme_s_picture_can_be_made_anew(tmp_path: Path) -> None:
    out = tmp_path / "live.jpg"
    run("make_picture.py", f"--out={out}")
    picture = cv2.imread(str(out))
    assert picture is not None
    assert picture.shape == (720, 1280, 3)
    left, right = np.split(picture[360:].astype(int), 2, axis=1)
    assert 0 < np.abs(left - right).mean() < 20, "two views of one scene"
