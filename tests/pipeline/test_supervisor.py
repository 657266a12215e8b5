"""A line of real processes of which some are killed, stopped and stuck in every way."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from pipeline.attach import Onlooker
from shm.board import Board
from tests.pipeline.running import (
    LINE,
    REPO,
    RINGS,
    SMALL,
    Launcher,
    launched,
    nothing_is_left,
)

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc"),
]


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launcher]:
    """One launcher for all tests that leave it as healthy as they found it."""
    with launched(tmp_path_factory.mktemp("line"), hung=1.5) as launcher:
        yield launcher


def no_lease_is_lost(launcher: Launcher) -> None:
    """Every reader is seen without a lease that it need not hold, and no writer ever lacked a slot."""
    least: dict[tuple[str, str], int] = {}
    for _ in range(40):
        for ring in launcher.figures()["rings"]:
            assert ring["no_slot"] == 0
            for reader in ring["readers"]:
                key = ring["name"], reader["name"]
                least[key] = min(least.get(key, 99), reader["leases"])
        time.sleep(0.005)
    for (ring, reader), leases in least.items():
        # the keepers have one behind each slot that they write: small's and depth's three, nearness's three
        behind = {"capture": 6, "steady": 3}.get(reader, 0) if ring == "frame" else 0
        assert leases <= behind, f"{reader} holds {leases} leases of ring {ring} all the time"


def goes_on_as_before(launcher: Launcher, name: str, before: dict[str, dict[str, int]]) -> None:
    """`name` is back, everybody else was never away, every ring counts on in its segment."""
    launcher.until_restarted(name, before["restarts"])
    launcher.until(lambda: (launcher.worker(name)["fps"] or 0) > 0, f"{name} has a rate again")
    launcher.until_flowing()
    pids, restarts = launcher.pids(), launcher.restarts()
    for other in set(LINE) - {name}:
        assert (pids[other], restarts[other]) == (before["pids"][other], before["restarts"][other])
    assert pids[name] != before["pids"][name]
    assert all(seq > before["seqs"][ring] for ring, seq in launcher.seqs().items())
    assert {ring["generation"] for ring in launcher.figures()["rings"]} == {1}
    assert {ring["state"] for ring in launcher.figures()["rings"]} == {"live"}
    no_lease_is_lost(launcher)


def snapshot(launcher: Launcher) -> dict[str, dict[str, int]]:
    return {"pids": launcher.pids(), "restarts": launcher.restarts(), "seqs": launcher.seqs()}


@pytest.mark.parametrize("name", LINE)
def test_contract_a_killed_worker_comes_back_and_nobody_else_restarts(line: Launcher, name: str) -> None:
    before = snapshot(line)
    os.kill(before["pids"][name], signal.SIGKILL)
    goes_on_as_before(line, name, before)
    assert f"{name} was killed by signal 9; restart in 0.1 s" in line.log


def test_contract_a_new_workers_line_begins_empty_and_its_rate_counts_from_then(line: Launcher) -> None:
    onlooker = Onlooker(line.pid)
    description, (board, *_) = onlooker.attach(lambda about: [one["nbytes"] for one in about["segments"]])
    row = next(worker["row"] for worker in description["workers"] if worker["name"] == "stereo")
    seen = Board(board, description["board_rows"]).line(row)
    line.until(lambda: seen.read().steps > 300, "it has done a lot")
    before, many = line.pids()["stereo"], seen.read().steps
    os.kill(before, signal.SIGSTOP)
    os.kill(before, signal.SIGKILL)
    line.until(lambda: seen.read().pid not in (0, before), "its successor has come")
    assert seen.read().steps < many
    assert sum(seen.read().work) < many
    line.until(lambda: line.worker("stereo")["state"] == "running", "it runs")
    for _ in range(20):
        assert (line.worker("stereo")["fps"] or 0) >= 0
    onlooker.close()


@pytest.mark.parametrize("name", LINE)
def test_contract_a_stopped_worker_counts_as_hung_and_is_replaced(line: Launcher, name: str) -> None:
    before = snapshot(line)
    os.kill(before["pids"][name], signal.SIGSTOP)
    line.until_logged(f"{name} has hung (no beat for ")
    goes_on_as_before(line, name, before)


def test_contract_a_launcher_that_was_stopped_for_three_seconds_kills_nobody(line: Launcher) -> None:
    before = snapshot(line)
    line.send(signal.SIGSTOP)
    time.sleep(3)
    line.send(signal.SIGCONT)
    line.until_logged("the launcher was away for 3.")
    time.sleep(1)
    assert line.pids() == before["pids"]
    line.until_flowing()


def test_contract_after_a_pause_of_everybody_the_workers_get_a_fresh_start(line: Launcher) -> None:
    """As when a laptop sleeps; on a busy machine some wake up a little later than the launcher."""
    before = snapshot(line)
    line.send_to_group(signal.SIGSTOP)
    time.sleep(2)
    line.send(signal.SIGCONT)
    time.sleep(0.5)
    line.send_to_group(signal.SIGCONT)
    time.sleep(1)
    assert line.pids() == before["pids"]
    line.until_flowing()


def test_contract_a_worker_has_hung_after_five_seconds_without_a_beat(tmp_path: Path) -> None:
    with launched(tmp_path) as launcher:
        for pid in launcher.pids().values():
            os.kill(pid, signal.SIGSTOP)
        stopped = time.monotonic()
        launcher.until_logged("has hung (no beat for 5.", times=4)
        assert time.monotonic() - stopped > 4.5
        launcher.until_running()
        launcher.until_flowing()


def test_contract_workers_killed_in_a_storm_come_back_until_one_has_died_five_times(tmp_path: Path) -> None:
    with launched(tmp_path, add=["slow"]) as launcher:
        launcher.until_running("slow")
        files = launcher.open_files()
        for _ in range(4):
            before = launcher.restarts()
            for pid in launcher.pids().values():
                os.kill(pid, signal.SIGKILL)
            for name in before:
                launcher.until_restarted(name, before)
        launcher.until_flowing()
        assert launcher.restarts() == dict.fromkeys([*LINE, "slow"], 4)
        launcher.until(lambda: launcher.open_files() == files, f"it has {files} descriptors again")
        os.kill(launcher.pids()["null"], signal.SIGKILL)
        launcher.until_logged(
            "null was killed by signal 9, the 5th time within 60 s, and stays off; the rest goes on"
        )
        launcher.until_flowing()
        assert launcher.worker("null")["state"] == "failed"
        segments = launcher.segments()
        assert launcher.stop() == 0
        nothing_is_left(launcher, segments)


def test_contract_a_reader_sees_its_ring_start_live_go_away_come_back_and_fail(tmp_path: Path) -> None:
    seen: list[str] = []

    def note(awaited: str) -> bool:
        state = launcher.ring("picture")["state"]
        if not seen or seen[-1] != state:
            seen.append(state)
        return bool(state == awaited)

    with launched(tmp_path, ready=False) as launcher:
        launcher.until_up()
        launcher.until(lambda: note("live"), "it is live")
        for _ in range(4):
            launcher.until_running("stereo")
            os.kill(launcher.pids()["stereo"], signal.SIGKILL)
            launcher.until(lambda: note("away"), "it goes away")
            launcher.until(lambda: note("live"), "it comes back")
        launcher.until_running("stereo")
        os.kill(launcher.pids()["stereo"], signal.SIGKILL)
        launcher.until(lambda: note("failed"), "it fails")
    assert seen == [
        "starting",
        "live",
        *["away", "live"] * 4,
        *(["away"] if seen[-2] == "away" else []),
        "failed",
    ]


def test_contract_who_reads_every_picture_is_waited_for_while_he_is_away(tmp_path: Path) -> None:
    with launched(tmp_path, every=["job=slow"]) as launcher:
        launcher.until_running("job")
        launcher.until_flowing()
        before = launcher.restarts()
        os.kill(launcher.pids()["job"], signal.SIGKILL)
        launcher.until_restarted("job", before)
        launcher.until_flowing()
        picture = launcher.ring("picture")
        job = next(reader for reader in picture["readers"] if reader["name"] == "job")
        assert job["dropped"] == 0
        assert picture["seq"] - job["received"] <= picture["slots"]


def test_contract_without_a_stderr_it_runs_all_the_same(tmp_path: Path) -> None:
    """As some desktops and supervisors start programs."""
    with launched(tmp_path, before=["sh", "-c", 'exec "$@" 2>&-', "sh"]) as launcher:
        launcher.until_running()
        assert launcher.stop() == 0


# Who looks, who sets, who has lost his screen ---------------------------------------------------------------


def test_contract_what_a_sink_sets_reaches_all_workers_and_those_that_restart_later(tmp_path: Path) -> None:
    with launched(tmp_path, swap=["null=turns_knobs"]) as launcher:
        launcher.until(lambda: launcher.ring("picture")["shape"] == [180, 320, 3], "only the depth map")
        assert set(launcher.restarts().values()) == {0}
        before = launcher.restarts()
        os.kill(launcher.pids()["stereo"], signal.SIGKILL)
        launcher.until_restarted("stereo", before)
        launcher.until_flowing()
        assert launcher.ring("picture")["shape"] == [180, 320, 3]


def test_contract_a_source_that_has_lost_its_screen_makes_all_that_comes_from_it_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    monkeypatch.setenv("GOES_AWAY", str(gone))
    with launched(tmp_path, swap=["capture=goes_away"]) as launcher:
        gone.touch()
        launcher.until(lambda: set(launcher.states().values()) == {"away"}, "all rings are away")
        gone.unlink()
        launcher.until(lambda: set(launcher.states().values()) == {"live"}, "all rings are live again")
        launcher.until_flowing()
        assert set(launcher.restarts().values()) == {0}


def test_contract_without_depth_the_picture_goes_on_with_the_last_map(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """steady carries it along the small frames; so what it writes is not away."""
    lost = tmp_path / "lost"
    monkeypatch.setenv("LOSES_ITS_DEVICE", str(lost))
    line = [*LINE, "depth"]
    with launched(tmp_path, "depth.model=none.onnx", swap=["depth=loses_its_device"]) as launcher:
        launcher.until_running(*line)
        lost.touch()
        launcher.until_logged("depth has crashed (exit code 1); restart in 0.1 s")
        launcher.until(lambda: launcher.ring("depth")["state"] == "away", "depth is away")
        launcher.until_flowing()
        launcher.until_logged("depth has crashed (exit code 1), the 5th time within 60 s, and stays off")
        launcher.until(lambda: launcher.ring("depth")["state"] == "failed", "depth has failed")
        launcher.until_flowing()
        assert launcher.states() == dict.fromkeys(RINGS, "live") | {"depth": "failed"}
        assert {name: count for name, count in launcher.restarts().items() if count} == {"depth": 4}


# A worker that the kernel does not end ------------------------------------------------------------------


def test_contract_a_worker_that_cannot_be_started_is_tried_again_and_the_rest_goes_on(tmp_path: Path) -> None:
    with launched(tmp_path) as launcher:
        before = snapshot(launcher)
        process = psutil.Process(launcher.pid)
        process.rlimit(psutil.RLIMIT_NOFILE, (launcher.open_files() - 1, 4096))
        os.kill(before["pids"]["null"], signal.SIGKILL)
        launcher.until_logged("null could not be started (Too many open files, see `ulimit -n`); restart in")
        process.rlimit(psutil.RLIMIT_NOFILE, (1024, 4096))
        goes_on_as_before(launcher, "null", before)
        segments = launcher.segments()
        assert launcher.stop() == 0
        nothing_is_left(launcher, segments)
        assert "Traceback" not in launcher.log


def test_contract_two_launchers_beside_each_other_do_not_mind(tmp_path: Path) -> None:
    with launched(tmp_path) as one, launched(tmp_path) as other:
        assert set(one.pids().values()).isdisjoint(other.pids().values())
        assert one.segments().isdisjoint(other.segments())
        assert other.stop() == 0
        one.until_flowing()
        assert set(one.restarts().values()) == {0}


def test_contract_a_started_launcher_does_not_depend_on_its_folder(tmp_path: Path) -> None:
    """Workers are found wherever somebody starts from."""
    process = subprocess.Popen(
        [sys.executable, str(REPO / "launcher.py"), *(f"--set={setting}" for setting in SMALL)],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    launcher = Launcher(process, tmp_path / "nothing.log")
    (tmp_path / "nothing.log").touch()
    try:
        launcher.until_running()
        launcher.until_flowing()
        assert launcher.stop() == 0
    finally:
        process.kill()
        process.wait()
        assert process.stderr is not None
        process.stderr.close()
