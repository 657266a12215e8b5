"""scripts/bench_rings.py with a few frames, and that its claims can fail. No figure is tested here."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from scripts import bench_rings_paths
from scripts.bench_rings import FAST, ROWS, VIDEO, CpuRow, Report, Row, WakeRow, checks
from scripts.bench_rings_paths import PAYLOADS, MissingPeer

REPO = Path(__file__).parents[2]
ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the bench compares with what Linux has")


@ON_LINUX
@pytest.mark.timeout(150)
def test_smoke_all_paths_are_measured_and_nothing_is_left() -> None:
    pytest.importorskip("iceoryx2")
    bench = [sys.executable, str(REPO / "scripts" / "bench_rings.py"), "--quick", "--json"]
    with subprocess.Popen(bench, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd="/") as run:
        output, errors = run.communicate(timeout=120)
    assert run.returncode == 0, errors
    assert not [*Path("/tmp").glob(f"sb-{run.pid}-*"), *Path("/dev/shm").glob(f"sb-{run.pid}-*")]

    figures = json.loads(output)
    assert {"rows", "wake", "cpu"} <= set(figures)
    paths = ("ring", "iceoryx2", "mp_queue", "mp_pipe", "pyzmq", "memcpy")
    expected = {(path, payload, 16.7) for path in paths for payload in PAYLOADS}
    expected |= {(path, "1080p", 2) for path in ("ring", "iceoryx2", "memcpy")}
    assert {(row["path"], row["payload"], row["every_ms"]) for row in figures["rows"]} == expected
    for row in figures["rows"]:
        assert 0 < row["median_us"] <= row["p99_us"]
        assert (row["ratio_to_memcpy"] == 1) == (row["path"] == "memcpy")
    woken = {
        (row["path"], row["every_ms"]) for row in figures["wake"] if 0 < row["median_us"] <= row["p99_us"]
    }
    assert woken == {(path, every) for path in ("ring", "pipe") for every in (2, 16.7)}
    assert [row["readers"] for row in figures["cpu"]] == [1, 3, 8]
    assert all(row["writer_percent"] > 0 and row["reader_percent"] > 0 for row in figures["cpu"])
    assert len(figures["checks"]) == 10


@ON_LINUX
def test_a_peer_that_is_not_installed_fails_the_bench_and_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "zmq", None)
    monkeypatch.delitem(sys.modules, "scripts.bench_rings_paths.pyzmq_ipc", raising=False)
    with pytest.raises(MissingPeer, match=r"pyzmq, and module 'zmq' is not installed"):
        bench_rings_paths.connect("pyzmq", PAYLOADS["small"], 1, tmp_path)


def report() -> Report:
    """One in which everything is just good enough."""
    ring = {VIDEO: 120.0, FAST: 60.0}
    rows = [
        Row(case.path, case.payload, case.every_ms, ring[case.every_ms], 999, 0.15, 100, 0) for case in ROWS
    ]
    rows = [
        replace(row, median_us=100 if row.every_ms == VIDEO else 50) if row.path == "iceoryx2" else row
        for row in rows
    ]
    wakes = [WakeRow("ring", every, median - 30, 999, 100) for every, median in ring.items()]
    wakes += [WakeRow("pipe", wake.every_ms, wake.median_us / 2, 999, 100) for wake in wakes]
    return Report(rows, wakes, [CpuRow(3, 2.0, 1.5, [1.5, 1.0, 1.0])])


def failing(figures: Report) -> list[str]:
    return [check.claim for check in checks(figures) if not check.passed]


def test_claims_that_hold_pass() -> None:
    assert failing(report()) == []


@pytest.mark.parametrize("every", [VIDEO, FAST])
def test_a_slow_hand_over_fails_its_claims(every: float) -> None:
    figures = report()
    slower = [
        replace(row, median_us=row.median_us + 1) if (row.path, row.every_ms) == ("ring", every) else row
        for row in figures.rows
    ]
    assert failing(replace(figures, rows=slower)) == [
        f"1080p every {every} ms: own wake-up + 30 us",
        f"1080p every {every} ms: 1.2 x iceoryx2",
    ]


def test_a_hand_over_that_depends_on_the_size_fails_its_claim() -> None:
    figures = report()
    slower = [
        replace(row, median_us=133) if (row.path, row.payload) == ("ring", "4k") else row
        for row in figures.rows
    ]
    assert failing(replace(figures, rows=slower)) == ["4K: 1.1 x 1080p"]


def test_a_hand_over_that_costs_a_copy_fails_its_claim() -> None:
    figures = report()
    copied = [replace(row, ratio_to_memcpy=1.0) if row.path == "ring" else row for row in figures.rows]
    assert failing(replace(figures, rows=copied)) == ["1080p every 2.0 ms: 0.15 x memcpy"]


def test_a_slow_wake_up_fails_its_claim() -> None:
    figures = report()
    quicker = [
        replace(row, median_us=row.median_us - 1) if row.path == "pipe" else row for row in figures.wake
    ]
    assert failing(replace(figures, wake=quicker)) == [
        f"wake-up every {every} ms: 2 x a bare pipe" for every in (VIDEO, FAST)
    ]


def test_busy_processes_fail_their_claims() -> None:
    busy = replace(report(), cpu=[CpuRow(3, 2.1, 1.6, [1.6, 1.0, 1.0])])
    assert failing(busy) == ["60 fps, 3 readers: CPU of the writer", "60 fps, 3 readers: CPU of each reader"]
