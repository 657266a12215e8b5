"""However a line of real processes ends, it does so in good order and leaves nothing."""

import os
import re
import shutil
import signal
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.pipeline.running import (
    LINE,
    RINGS,
    holders_of,
    launched,
    nothing_is_left,
    until,
)

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc"),
]


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_contract_ctrl_c_is_held_back_from_every_worker_since_its_process_began(tmp_path: Path) -> None:
    with launched(tmp_path) as launcher:  # the first one too: multiprocessing starts its tracker with it
        launcher.until_running(*LINE)
        for name in LINE:
            status = Path(f"/proc/{launcher.worker(name)['pid']}/status").read_text()
            (blocked,) = re.findall(r"SigBlk:\s*(\w+)", status)
            assert int(blocked, 16) & 1 << (signal.SIGINT - 1), name


def test_contract_killing_the_launcher_leaves_nothing(tmp_path: Path) -> None:
    with launched(tmp_path) as launcher:
        launcher.figures()
        segments = launcher.segments()
        assert len(segments) == 1 + len(RINGS)
        launcher.look_away()
        assert len(holders_of(segments)) == 1 + len(LINE)
        launcher.process.kill()
        launcher.wait()
        until(lambda: not launcher.survivors(), "all workers are gone")
        until(lambda: not holders_of(segments), "their segments are gone")
        assert not [path for path in Path("/dev/shm").iterdir() if "stereoring" in path.name]


def test_contract_a_killed_launcher_takes_workers_with_it_that_hang_or_are_stopped(tmp_path: Path) -> None:
    with launched(tmp_path, add=["silent", "ignores_sigterm"]) as launcher:
        launcher.until_logged("ignoring signals")
        launcher.until_running("silent")
        os.kill(launcher.pids()["stereo"], signal.SIGSTOP)
        launcher.look_away()
        launcher.process.kill()
        launcher.wait()
        until(lambda: not launcher.survivors(), "all workers are gone")


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name
)
@pytest.mark.parametrize("whom", ["launcher", "group"])
def test_contract_a_signal_stops_everything_in_good_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, whom: str
) -> None:
    """Ctrl-C and a closing terminal reach the whole group, as does a service manager's SIGTERM."""
    goodbye = tmp_path / "goodbye"
    monkeypatch.setenv("GOODBYE", str(goodbye))
    with launched(tmp_path, add=["says_goodbye"]) as launcher:
        launcher.until_running("says_goodbye")
        segments = launcher.segments()
        launcher.note_family()
        if whom == "group":
            launcher.send_to_group(number)
        else:
            launcher.send(number)
        assert launcher.process.wait(20) == 0
        nothing_is_left(launcher, segments)
        assert goodbye.exists(), "each worker could finish what it had begun"
        assert "Traceback" not in launcher.log
        for word in ("WARNING", "ERROR", "CRITICAL"):
            assert word not in launcher.log


def test_contract_a_launcher_that_is_to_survive_its_terminal_does(tmp_path: Path) -> None:
    """As nohup starts it: with the signal ignored."""
    with launched(tmp_path, ignoring=[signal.SIGHUP]) as launcher:
        launcher.send_to_group(signal.SIGHUP)
        time.sleep(0.5)
        launcher.until_flowing()
        assert set(launcher.restarts().values()) == {0}
        assert launcher.stop() == 0


@pytest.mark.parametrize("how", ["crashes_at_start", "cannot_work"])
def test_contract_a_job_ends_by_name_when_who_reads_every_picture_stays_off(tmp_path: Path, how: str) -> None:
    with launched(tmp_path, every=[f"job={how}"], ready=False) as launcher:
        launcher.until_up()
        segments = launcher.segments()
        assert launcher.wait() == 1
        assert "the job cannot go on without job and ends" in launcher.log
        nothing_is_left(launcher, segments)


def test_contract_a_second_ctrl_c_changes_nothing(tmp_path: Path) -> None:
    with launched(tmp_path, add=["ignores_stop"]) as launcher:
        launcher.until(lambda: launcher.worker("ignores_stop")["busy"], "it is busy")
        segments = launcher.segments()
        for _ in range(5):
            launcher.send_to_group(signal.SIGINT)
            time.sleep(0.1)
        assert launcher.wait() == 0
        nothing_is_left(launcher, segments)
        assert "Traceback" not in launcher.log


def test_contract_stopping_while_a_worker_waits_for_its_restart(tmp_path: Path) -> None:
    with launched(tmp_path, add=["crashes_at_start"]) as launcher:
        segments = launcher.segments()
        launcher.until_logged("restart in 0.8 s")
        assert launcher.stop() == 0
        nothing_is_left(launcher, segments)
        assert launcher.log.count("CRITICAL stereoring.crashes_at_start") == 4, "it was not started again"


def test_contract_stopping_at_any_moment_of_the_start_leaves_nothing(tmp_path: Path) -> None:
    """From the first line of Python on; only Python itself may still say KeyboardInterrupt."""
    for i in range(7):
        with launched(tmp_path, ready=False) as launcher:
            time.sleep(0.05 + 0.12 * i)
            launcher.note_family()
            segments = launcher.segments()
            launcher.send_to_group(signal.SIGINT)
            assert launcher.wait() in (0, 1, 130, -signal.SIGINT)
            nothing_is_left(launcher, segments)


def test_contract_the_launcher_ends_with_1_when_no_worker_is_left(tmp_path: Path) -> None:
    swap = [f"{name}=crashes_at_start" for name in LINE]
    with launched(tmp_path, swap=swap, ready=False) as launcher:
        assert launcher.wait() == 1
        assert re.search(r"no (worker|sink) is left", launcher.log), "whichever fails last"
        nothing_is_left(launcher, set())


def test_contract_the_launcher_ends_with_1_when_its_last_sink_has_failed(tmp_path: Path) -> None:
    """The rest could go on, and nobody would see anything."""
    with launched(tmp_path, swap=["null=crashes_after_frames"]) as launcher:
        segments = launcher.segments()
        launcher.note_family()
        assert launcher.wait() == 1
        assert "no sink is left" in launcher.log
        nothing_is_left(launcher, segments)


def test_contract_the_launcher_ends_with_0_when_all_workers_have_finished(tmp_path: Path) -> None:
    swap = [f"{name}=exits_at_once" for name in LINE]
    with launched(tmp_path, swap=swap, ready=False) as launcher:
        assert launcher.wait() == 0
        nothing_is_left(launcher, set())


def test_contract_it_ends_well_though_its_runtime_folder_has_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user has logged out, and it goes on."""
    with TemporaryDirectory(dir="/tmp") as folder:
        runtime = Path(folder, "run")
        runtime.mkdir(mode=0o700)
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
        with launched(tmp_path) as launcher:
            shutil.rmtree(runtime)
            assert launcher.stop() == 0


def test_contract_a_window_that_is_closed_ends_everything_in_good_order(tmp_path: Path) -> None:
    with launched(tmp_path, swap=["null=quits"], ready=False) as launcher:
        launcher.until_up()
        segments = launcher.segments()
        launcher.note_family()
        assert launcher.wait() == 0
        assert "null: the user has seen enough" in launcher.log
        for word in ("WARNING", "ERROR", "CRITICAL", "Traceback"):
            assert word not in launcher.log
        nothing_is_left(launcher, segments)
