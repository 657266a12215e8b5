"""While nobody looks the line sleeps."""

import os
import signal
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.bad_workers.grows import drag
from tests.pipeline.running import (
    LINE,
    Launcher,
    launched,
)

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc"),
]


@pytest.fixture
def away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nobody looks at bad_workers/looks_away.py while it is there."""
    path = tmp_path / "away"
    monkeypatch.setenv("LOOKS_AWAY", str(path))
    return path


def cpu_seconds(launcher: Launcher, *names: str) -> float:
    """Of these workers, all together."""
    pids = launcher.pids()
    times = [psutil.Process(pids[name]).cpu_times() for name in names]
    return float(sum(time.user + time.system for time in times))


def test_contract_while_nobody_looks_everything_before_the_sink_sleeps_and_wakes_again(
    tmp_path: Path, away: Path
) -> None:
    with launched(tmp_path, swap=["null=looks_away"]) as launcher:
        for _ in range(2):
            away.touch()
            launcher.until_logged("nobody looks; everything sleeps")
            launcher.until(lambda: launcher.rate("frame") == 0, "capture sleeps")
            before, spent = launcher.seqs(), cpu_seconds(launcher, *LINE[:-1])
            time.sleep(1.5)
            assert launcher.seqs() == before
            assert cpu_seconds(launcher, *LINE[:-1]) - spent < 0.15, "three workers that only beat"
            assert set(launcher.states().values()) == {"live"}, "asleep is not away"
            away.unlink()
            launcher.until_flowing()
        assert launcher.log.count("somebody looks") == 2
        assert set(launcher.restarts().values()) == {0}


def test_contract_who_restarts_while_nobody_looks_sleeps_too(tmp_path: Path, away: Path) -> None:
    with launched(tmp_path, swap=["null=looks_away"]) as launcher:
        away.touch()
        launcher.until_logged("nobody looks; everything sleeps")
        before = launcher.restarts()
        os.kill(launcher.pids()["capture"], signal.SIGKILL)
        launcher.until_restarted("capture", before)
        launcher.until(lambda: launcher.rate("frame") == 0, "the new one sleeps")
        away.unlink()
        launcher.until_flowing()


def test_contract_a_sink_that_died_while_nobody_looked_is_looked_at_again(tmp_path: Path, away: Path) -> None:
    """Like a minimised window, whose successor comes up as any window does."""
    with launched(tmp_path, swap=["null=looks_away"]) as launcher:
        away.touch()
        launcher.until_logged("nobody looks; everything sleeps")
        before = launcher.restarts()
        os.kill(launcher.pids()["null"], signal.SIGKILL)
        away.unlink()
        launcher.until_restarted("null", before)
        launcher.until_flowing()


def test_contract_one_sink_that_is_looked_at_keeps_everything_awake(tmp_path: Path, away: Path) -> None:
    away.touch()
    with launched(tmp_path, add=["looks_away"]) as launcher:
        launcher.until_running("looks_away")
        launcher.until_flowing()
        assert "everything sleeps" not in launcher.log


def test_contract_who_begins_to_look_beside_others_gets_the_still_picture(tmp_path: Path, away: Path) -> None:
    with launched(tmp_path, swap=["capture=grows_and_stands"], add=["looks_away"]) as launcher:
        drag(launcher.pid)
        launcher.until(lambda: launcher.ring("picture")["generation"] == 2, "the picture has grown")
        launcher.until(lambda: launcher.rate("picture", 1.0) == 0, "it stands still")
        away.touch()
        time.sleep(0.5)  # it looks away
        before = launcher.seqs()
        away.unlink()
        launcher.until(lambda: launcher.seqs()["picture"] > before["picture"], "it comes once more")


def test_contract_a_sink_that_has_failed_is_not_looked_at(tmp_path: Path, away: Path) -> None:
    away.touch()
    with launched(tmp_path, swap=["null=crashes_at_start"], add=["looks_away"], ready=False) as launcher:
        launcher.until_logged("the 5th time within 60 s, and stays off; the rest goes on")
        launcher.until_logged("nobody looks; everything sleeps")
        away.unlink()
        launcher.until_logged("somebody looks")
        launcher.until_flowing()
