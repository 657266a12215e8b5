"""What the benchmark of streams makes of what it has measured."""

import pytest

from scripts.bench_streams import TARGETS, report_of, text_of
from scripts.soaking.report import Result
from scripts.soaking.stream_claps import _check

AGES = {way: [[400.0, 420.0], [20.0, 30.0, 40.0]] for way in TARGETS}
CPU = {"encode": 50.0, "stream": 4.0, "web": 8.0}
CONVERTED = {"convert_fps": 14.0, "convert_over_bound": 0.95}


def test_the_best_round_counts_and_the_way_whose_sound_is_farthest_off() -> None:
    report = report_of(AGES, CPU, {"rtsp": [-3.0, 1.0, 2.0], "hls": [-9.0, -8.0, 4.0]}, CONVERTED)
    assert report["latency_ms"]["rtsp"] == {"p50": 30.0, "p95": 39.0}
    assert report["av_offset_ms"] == -8.0
    assert (report["convert_fps"], report["outputs_cpu_percent"]) == (14.0, 12.0)
    assert all(report["passed"].values())
    assert "MISSED" not in text_of(report)


def test_a_way_without_a_clap_is_no_pass() -> None:
    report = report_of(AGES, CPU, {"rtsp": []}, CONVERTED)
    assert not report["passed"]["sound and picture within 40 ms"]


@pytest.mark.parametrize(("off", "passes"), [([1.0] * 20, True), ([], False), ([41.0] * 20, False)])
def test_the_soak_wants_claps_of_each_way_and_none_that_is_late(off: list[float], passes: bool) -> None:
    result = Result("stream_claps")
    _check(result, {"rtsp": [0.0] * 20, "mse": off}, seconds=20)
    assert result.passed == passes
