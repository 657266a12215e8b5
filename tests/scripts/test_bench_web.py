"""scripts/bench_web.py with a real browser. What it says of speed is not tested."""

import json

import pytest

from tests.live.needs import needs
from tests.scripts.running import run


@pytest.mark.long
@needs("chromium")
@pytest.mark.timeout(180)
def test_contract_every_way_is_seen_and_all_clients_get_frames() -> None:
    report = json.loads(run("bench_web.py", "--json", "--seconds=1", "--rounds=1"))
    assert set(report["latency_ms"]) == {"viewer", "mjpeg", "whep", "h264"}
    for way in report["latency_ms"]:
        assert report["fps"][way] > 0
        assert 0 < report["latency_ms"][way] < 60_000, "the clocks are the same"
    assert report["clients"]["count"] == 16
    assert report["clients"]["min_fps"] > 0
    assert report["clients"]["sink_cpu_percent"] > 0
    assert report["clients"]["slow_client_age_ms"] > 0
