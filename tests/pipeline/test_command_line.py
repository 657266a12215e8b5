"""`launcher.py` as somebody types it."""

import array
import fcntl
import os
import re
import signal
import subprocess
import sys
import termios
from pathlib import Path

import psutil
import pytest

from tests.pipeline.running import REPO, RINGS, SMALL, WATCHDOG, Launcher, command, launched

pytestmark = pytest.mark.timeout(60)

FILE = """sinks: [null]
capture: {source: scene}
depth: {model: true}
profiles:
  tiny:
    scene: {width: 160, height: 120}
  chatty:
    log: {level: debug}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(FILE)
    return path


def test_contract_wrong_settings_are_all_told_at_once_with_their_lines_and_nothing_starts(file: Path) -> None:
    file.write_text(
        "sinks: [null, holodeck]\nscene:\n  width: wide\n  heigth: 3\ncapture: {fps: 0}\nsteroe: {}\n"
    )
    before = psutil.Process().children()
    result = command("run", f"--settings={file}", "--set=stereo.layout=round", "--set=nonsense")
    assert result.returncode == 2
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    for number, key in (
        (1, "holodeck"),
        (3, "scene.width"),
        (4, "scene.heigth"),
        (5, "capture.fps"),
        (6, "steroe"),
    ):
        assert [line for line in lines if line.startswith(f"{file}:{number}: ") and key in line], (
            number,
            key,
        )
    assert "height" in result.stderr, "the nearest right name"
    assert [line for line in lines if "--set stereo.layout=round" in line]
    assert [line for line in lines if "--set nonsense" in line]
    assert len(lines) == 7
    assert psutil.Process().children() == before, "nothing was started"


@pytest.mark.parametrize("arguments", [[], ["run"]], ids=["without a command", "run"])
def test_contract_a_settings_file_that_is_missing_is_named(arguments: list[str]) -> None:
    result = command(*arguments, "--settings=/nowhere/settings.yaml")
    assert result.returncode == 2
    assert result.stderr.startswith("/nowhere/settings.yaml")
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    "arguments", [["fly"], ["run", "--fly"], ["run", "fly"], ["top", "--fly"], ["top", "--pid=x"]]
)
def test_contract_an_unknown_command_or_option_is_refused(arguments: list[str]) -> None:
    result = command(*arguments)
    assert result.returncode == 2
    assert "usage: launcher.py" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["run", "--help"], ["top", "--help"]])
def test_smoke_help(arguments: list[str]) -> None:
    result = command(*arguments)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("usage: launcher.py")


def test_contract_the_plan_is_printed_and_nothing_starts() -> None:
    result = command("run", "--plan", *(f"--set={setting}" for setting in SMALL))
    assert (result.returncode, result.stderr) == (0, "")
    assert f"\n4 workers, 4 MB in {len(RINGS)} rings" in result.stdout
    assert command("--plan", *(f"--set={setting}" for setting in SMALL)).stdout == result.stdout


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ([], "12 x 2.76 MB"),
        (["--profile=tiny"], "12 x 0.06 MB"),
        (["--set=scene.width=320", "--set=scene.height=180"], "12 x 0.17 MB"),
        (["--profile=tiny", "--set=scene.width=320"], "12 x 0.12 MB"),
        (["--set=scene.width=640", "--set=scene.width=320", "--set=scene.height=180"], "12 x 0.17 MB"),
    ],
    ids=["file", "profile", "set", "set over profile", "the last set"],
)
def test_contract_set_is_on_top_of_the_profile_and_that_on_top_of_the_file(
    file: Path, options: list[str], size: str
) -> None:
    result = command("run", f"--settings={file}", "--plan", *options)
    assert result.returncode == 0
    assert f"ring frame      {size}" in result.stdout


def test_contract_an_unknown_profile_is_refused_with_those_there_are(file: Path) -> None:
    result = command("run", f"--settings={file}", "--profile=tinny")
    assert result.returncode == 2
    assert "tinny" in result.stderr
    assert "tiny" in result.stderr.replace("tinny", "")


def test_contract_too_few_open_files_are_said_before_anything_starts() -> None:
    result = command(*limited_to(64), *(f"--set={setting}" for setting in SMALL), program=None)
    assert (result.returncode, result.stdout) == (1, "")
    assert re.fullmatch(
        r"the launcher needs \d+ open files .* may have 64: .*ulimit -n 1024.*\n", result.stderr
    )


def test_contract_open_files_that_the_user_may_have_are_taken(tmp_path: Path) -> None:
    before = "prlimit", "--nofile=40:400"
    with launched(tmp_path, before=before) as launcher:
        soft, hard = psutil.Process(launcher.pid).rlimit(psutil.RLIMIT_NOFILE)
        assert 40 < launcher.open_files() < soft < hard == 400
        assert launcher.stop() == 0


def limited_to(files: int) -> tuple[str, ...]:
    """What the interpreter gets for a launcher that may have no more open."""
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({files}, {files}))"
    return "-c", f"{limit}; import sys; from pipeline.commands import main; sys.exit(main(sys.argv[1:]))"


def test_contract_a_depth_map_too_small_for_what_carries_it_is_refused() -> None:
    result = command(
        "--plan", "--set=sinks=[null]", "--set=capture.source=scene", "--set=scene.depth_scale=9"
    )
    assert result.returncode == 2
    assert "scene.depth_scale: must be at most 8 (got 9)" in result.stderr


def test_contract_it_finds_its_own_files_without_the_help_of_pythons_path() -> None:
    result = command("--plan", "--set=sinks=[null]", cwd="/", env=os.environ | {"PYTHONSAFEPATH": "1"})
    assert (result.returncode, result.stderr) == (0, "")


def test_contract_from_a_folder_that_is_gone_it_starts_and_says_where_paths_count_from(
    tmp_path: Path,
) -> None:
    (gone := tmp_path / "gone").mkdir()
    (home := tmp_path / "home").mkdir()
    before = "sh", "-c", f'cd {gone} && rmdir {gone} && HOME={home} exec "$0" "$@"'
    with launched(tmp_path, repo=gone, program=REPO / "launcher.py", before=before) as launcher:
        assert f"is gone; paths count from {home} now" in launcher.log
        assert launcher.stop() == 0


def test_contract_a_folder_that_goes_while_it_runs_keeps_no_worker_from_its_restart(tmp_path: Path) -> None:
    (folder := tmp_path / "folder").mkdir()
    with launched(tmp_path, repo=folder, program=REPO / "launcher.py") as launcher:
        folder.rmdir()
        before = launcher.restarts()
        os.kill(launcher.pids()["null"], signal.SIGKILL)
        launcher.until_restarted("null", before)
        assert "is gone; paths count from" in launcher.log


def test_contract_the_log_level_counts_for_launcher_and_workers(tmp_path: Path) -> None:
    with launched(tmp_path, options=["--log-level=error"]) as launcher:
        launcher.until_flowing()
        assert launcher.log == ""
    result = command("run", "--log-level=loud")
    assert result.returncode == 2
    assert "--log-level" in result.stderr


def test_contract_log_lines_say_when_how_bad_whose_and_what(tmp_path: Path) -> None:
    with launched(tmp_path, add=["crashes_at_start"]) as launcher:
        launcher.until_logged("restart in 0.1 s")
        lines = launcher.log.splitlines()
        worker = next(line for line in lines if "the projector" in line)
        own = next(line for line in lines if "restart in 0.1 s" in line)
        for line, level, whose in ((worker, "CRITICAL", "crashes_at_start"), (own, "WARNING ", "launcher")):
            date, clock, rest = line.split(" ", 2)
            assert len(date) == len("2026-01-31")
            assert len(clock) == len("12:00:00,000")
            assert rest.startswith(f"{level} stereoring.{whose}: ")


def test_contract_a_workers_line_has_the_moment_at_which_it_was_said(tmp_path: Path) -> None:
    with launched(tmp_path, add=["says_it_late"], ready=False) as launcher:
        launcher.until_logged("a quarter past")
        line = next(line for line in launcher.log.splitlines() if "a quarter past" in line)
        assert line.split()[1].endswith(":40,250")


def test_contract_a_log_that_nobody_reads_stops_neither_the_picture_nor_the_launcher(tmp_path: Path) -> None:
    """A terminal held with Ctrl-S, or a pager on the other side of the pipe."""
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tests.bad_workers",
            "--add=chatty",
            "--",
            "run",
            *(f"--set={s}" for s in SMALL),
        ],
        cwd=REPO,
        stderr=writing,
        start_new_session=True,
    )
    os.close(writing)
    launcher = Launcher(process, tmp_path / "log")
    launcher.log_file.touch()
    try:
        launcher.until_running()
        launcher.until(lambda: _pipe_is_full(reading), "the pipe is full")
        launcher.until_flowing()
        before = launcher.restarts()
        os.kill(launcher.pids()["null"], signal.SIGKILL)
        launcher.until_restarted("null", before)
        assert launcher.stop() == 0
    finally:
        os.close(reading)
        process.kill()
        process.wait(WATCHDOG)


def _pipe_is_full(reading: int) -> bool:
    waiting = array.array("i", [0])
    fcntl.ioctl(reading, termios.FIONREAD, waiting)
    return waiting[0] > 60_000
