"""scripts/bench_window.py on a real X server. What it says of speed is not tested."""

import json

import pytest

from tests.live.needs import needs
from tests.scripts.running import run


@needs("Xvfb")
@pytest.mark.timeout(120)
def test_contract_a_covered_window_is_counted_and_comes_back() -> None:
    report = json.loads(run("bench_window.py", "--json", "--seconds=2"))
    assert report["covered_fps"] > 0
    assert report["mss_uncovered_fps"] > 0
    assert report["back_after_s"] > 0
