"""Workers that do not end though they are killed: a driver holds them. They are left behind, and others take
their places."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from pipeline.addresses import address_of
from pipeline.managed import DEATHS
from tests.pipeline.running import (
    AS_YAML,
    LINE,
    Launcher,
    launched,
    nothing_is_left,
    until,
)

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc"),
]


HOLD = """
import ctypes, os, sys
ptrace = ctypes.CDLL(None, use_errno=True).ptrace
ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
if ptrace(0x4206, int(sys.argv[1]), None, None):  # PTRACE_SEIZE
    sys.exit(os.strerror(ctypes.get_errno()))
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def unreapable(pid: int) -> Iterator[None]:
    """While somebody traces it and does not wait for it, its parent cannot see that it has died."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(pid)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert holder.stdout is not None
    assert holder.stderr is not None
    if holder.stdout.readline() != b"held\n":
        pytest.skip(f"ptrace is not allowed here: {holder.stderr.read().decode()}")
    try:
        yield
    finally:
        holder.kill()
        holder.wait()


@pytest.mark.parametrize("name", ["stereo", "capture"])
def test_contract_a_worker_that_does_not_end_after_sigkill_is_left_behind_and_succeeded(
    tmp_path: Path, name: str
) -> None:
    with launched(tmp_path, hung=1.0) as launcher:
        pids, seqs = launcher.pids(), launcher.seqs()
        stuck = pids[name]
        with unreapable(stuck):
            os.kill(stuck, signal.SIGSTOP)
            os.kill(stuck, signal.SIGKILL)
            until(lambda: psutil.Process(stuck).status() == psutil.STATUS_ZOMBIE, "it is dead")
            launcher.until_logged(f"{name} has hung")
            launcher.until_logged(f"{name} (pid {stuck}) does not end after SIGKILL; it is left behind")
            launcher.until(
                lambda: (
                    {worker["state"] for worker in launcher.figures()["workers"] if worker["name"] == name}
                    == {"retired", "running"}
                ),
                "its successor runs",
            )
            launcher.until_flowing()
            figures = launcher.figures()
            mine = {"stereo": {"nearness", "frame", "picture"}, "capture": {"frame", "small", "depth"}}[name]
            generations = {ring["name"]: ring["generation"] for ring in figures["rings"]}
            assert {ring for ring, generation in generations.items() if generation == 2} == mine
            assert all(seq > seqs[ring] for ring, seq in launcher.seqs().items())
            successor = next(w for w in figures["workers"] if w["name"] == name and w["state"] == "running")
            assert successor["pid"] not in (None, stuck)
            launcher.until(lambda: launcher.worker(name)["fps"], "top shows the successor's rate")
            launcher.note_family()
            assert launcher.stop() == 0, "though one process cannot be waited for"


def test_contract_a_retired_worker_is_no_longer_shown_once_it_has_ended(tmp_path: Path) -> None:
    with launched(tmp_path, hung=1.0) as launcher:
        stuck = launcher.pids()["null"]
        with unreapable(stuck):
            os.kill(stuck, signal.SIGKILL)
            launcher.until_logged("null (pid")
            launcher.until_running("stereo")
        launcher.until(lambda: not psutil.pid_exists(stuck), "the system has got rid of it")
        launcher.until(lambda: len(launcher.figures()["workers"]) == len(LINE), "it is forgotten")


def test_contract_the_launcher_ends_though_a_worker_does_not(tmp_path: Path) -> None:
    with launched(tmp_path) as launcher, unreapable(launcher.pids()["stereo"]):
        assert launcher.stop() == 0
        assert "stereo does not stop when asked; killing it" in launcher.log
        assert not Path(address_of(launcher.pid)).exists()


def test_contract_a_worker_that_does_not_end_for_an_edit_is_left_behind_too(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(AS_YAML)
    with launched(tmp_path, file=file) as launcher:
        stuck = launcher.pids()["capture"]
        with unreapable(stuck):
            file.write_text(AS_YAML.replace("balls: 2", "balls: 3"))
            launcher.until_logged(f"capture (pid {stuck}) does not end after SIGKILL; it is left behind")
            launcher.until_running()
            launcher.until_flowing()
            figures = [worker for worker in launcher.figures()["workers"] if worker["name"] == "capture"]
            assert {worker["state"] for worker in figures} == {"running", "retired"}
            assert launcher.stop() == 0


def test_contract_when_too_many_are_left_behind_a_worker_stays_off_and_the_rest_goes_on(
    tmp_path: Path,
) -> None:
    with launched(tmp_path, hung=1.0, lines=len(LINE) + 1) as launcher:
        first = launcher.pids()["stereo"]
        with unreapable(first):
            os.kill(first, signal.SIGKILL)
            launcher.until_logged("stereo could not be ended; restart in 0.1 s")
            launcher.until_running("stereo")
            second = next(pid for pid in stereos(launcher) if pid not in (None, first))
            with unreapable(second):
                os.kill(second, signal.SIGKILL)
                launcher.until_logged(
                    "stereo could not be started (beside 2 processes that were left behind", times=3
                )
                launcher.until_logged(f"the {DEATHS}th time within 60 s, and stays off; the rest goes on")
                launcher.until_flowing("nearness")
                segments = launcher.segments()
        launcher.until(lambda: not psutil.pid_exists(second), "the system has got rid of them")
        assert launcher.stop() == 0
        nothing_is_left(launcher, segments)
        assert "Traceback" not in launcher.log


def stereos(launcher: Launcher) -> list[int | None]:
    return [worker["pid"] for worker in launcher.figures()["workers"] if worker["name"] == "stereo"]
