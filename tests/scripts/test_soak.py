"""scripts/soak in seconds: all of the code that runs for minutes elsewhere, and that it can fail."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil
import pytest

from scripts.soaking.footprint import growth, rise
from scripts.soaking.growing import Settings
from scripts.soaking.leavings import old_in
from scripts.soaking.pattern import fault_of, paint
from scripts.soaking.report import Result, Table
from shm.layout import RingSpec, RowSpec
from shm.ring import Ring

REPO = Path(__file__).parents[2]
SOAK = [sys.executable, str(REPO / "scripts" / "soak")]
MARKER = "STEREORING_TEST_SOAK"

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="the soak reads /proc")
pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def marker(tmp_path: Path) -> Iterator[str]:
    """In the environment of the soak and of all that it starts; nobody has it when the test is over."""
    yield str(tmp_path)
    assert marked(str(tmp_path)) == []


def marked(marker: str) -> list[int]:
    found = []
    for pid in psutil.pids():
        with suppress(OSError):
            if f"{MARKER}={marker}\0".encode() in Path(f"/proc/{pid}/environ").read_bytes():
                found.append(pid)
    return found


def start(marker: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*SOAK, *arguments, "--json"],
        cwd=marker,  # it finds its files wherever it is started
        env=os.environ | {MARKER: marker},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def launcher_of(soak: subprocess.Popen[str], marker: str) -> psutil.Process:
    """As soon as it has started its workers."""
    end = time.monotonic() + 60
    while len(marked(marker)) < 6:  # the soak, the launcher, four workers
        assert time.monotonic() < end
        time.sleep(0.05)
    (launcher,) = psutil.Process(soak.pid).children()
    return launcher


@on_linux
@pytest.mark.parametrize(
    "arguments",
    [
        ("steady", "--seconds", "8"),
        ("resize", "--resizes", "2"),
        ("kills", "--seconds", "3", "--every", "2", "--seed", "2"),
        ("launcher_killed", "--times", "2"),
        ("web_fuzz", "--seconds", "20"),
        ("claps", "--seconds", "6"),
        ("joins", "--times", "4", "--seed", "5"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_short_soak_passes(arguments: tuple[str, ...], marker: str) -> None:
    soak = start(marker, *arguments)
    output, errors = soak.communicate(timeout=110)
    assert errors.startswith("seed ")
    report = json.loads(output)
    (run,) = report["runs"]
    assert [check for check in run["checks"] if not check["passed"]] == [], run["log"]
    assert (soak.returncode, report["passed"], run["name"]) == (0, True, arguments[0])


@on_linux
def test_a_launcher_that_dies_fails_the_soak(marker: str) -> None:
    soak = start(marker, "steady")
    launcher_of(soak, marker).kill()
    output, _ = soak.communicate(timeout=60)
    report = json.loads(output)
    assert (soak.returncode, report["passed"]) == (1, False)
    assert [check["claim"] for check in report["runs"][0]["checks"]] == ["the run comes to its end"]


@on_linux
@pytest.mark.parametrize(("command", "number"), [("steady", signal.SIGINT), ("all", signal.SIGTERM)])
def test_an_interrupted_soak_leaves_nothing(command: str, number: signal.Signals, marker: str) -> None:
    soak = start(marker, command)
    launcher_of(soak, marker)
    soak.send_signal(number)
    _, errors = soak.communicate(timeout=30)
    assert soak.returncode == 130
    assert "nothing is left running" in errors


def test_growth_is_what_the_run_has_added() -> None:
    times = np.arange(100.0)
    noise = np.random.default_rng(0).normal(0, 0.3, 100)
    assert growth(times.tolist(), (50 + noise).tolist()) == pytest.approx(0, abs=0.3)
    assert growth(times.tolist(), (50 + noise + times * 0.02).tolist()) == pytest.approx(2, abs=0.3)


def test_what_flutters_is_flat_and_what_leaks_is_not() -> None:
    assert rise([7, 9, 7, 7, 8, 7, 7, 9]) == 0
    assert rise([7, 7, 8, 8, 9, 9, 10, 10]) == 3


@pytest.mark.parametrize("size", [(180, 320), (1080, 1920)])
def test_a_picture_that_is_not_whole_is_found(size: tuple[int, int]) -> None:
    rows, columns = size
    picture = np.full((rows, 2 * columns, 3), 255, np.uint8)
    paint(picture[:, :columns], 1234)
    assert fault_of(picture) is None
    torn = picture.copy()
    paint(torn[: rows // 2, :columns], 1235)
    assert "frame 1235 has levels" in str(fault_of(torn))
    torn = picture.copy()
    torn[-1, -1] = 0
    assert "is not flat" in str(fault_of(torn))
    assert "no time code" in str(fault_of(np.zeros_like(picture)))


def test_frames_grow_from_the_first_size_to_the_last() -> None:
    growth = Settings(320, 180, 1920, 1080, steps=200, first_seconds=1, seconds=1)
    sizes = [growth.size(step) for step in range(201)]
    assert (sizes[0], sizes[-1]) == ((180, 320), (1080, 1920))
    assert sorted(set(sizes)) == sizes


def test_a_lease_that_nobody_gives_back_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    ring = Ring.create(RingSpec("soak", 4, 100, (RowSpec("stereo", "latest", 2),)))
    writer, reader = ring.writer().open(), ring.reader("stereo").open()
    slot = writer.acquire()
    assert slot is not None
    slot.view((100,))[:] = 1
    writer.publish(slot, t_capture=0)
    lease = reader.lease()
    assert lease is not None
    assert list(old_in(ring.attachment)) == []
    monkeypatch.setattr("scripts.soaking.leavings.OLD", 0.0)
    assert [found.split(" on ")[0] for found in old_in(ring.attachment)] == ["stereo"]
    lease.release()
    assert list(old_in(ring.attachment)) == []
    del lease, slot, reader, writer
    ring.close()


def test_one_failed_check_fails_a_run() -> None:
    result = Result("run")
    assert not result.passed  # it has checked nothing
    result.check_none("leaks", [])
    assert result.passed
    result.check_none("leaks", ["a", "b"])
    assert not result.passed
    assert "FAIL  leaks: 2: a; b" in result.text()


def test_tables_are_aligned() -> None:
    table = Table("rings", ("ring", "fps"), [("frame", 59.9712), ("depth", None), ("p", 7)])
    text = ["rings", "  ring     fps", "  frame  59.97", "  depth      -", "  p          7"]
    assert table.text().splitlines() == text
