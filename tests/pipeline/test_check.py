"""`launcher.py check`, `devices` and `models` as a user runs them."""

import os
import socket
import zipfile
from pathlib import Path
from typing import Any

import pytest

from pipeline.litmus import run_litmus
from pipeline.stream_keys import without_keys
from tests.pipeline.running import REPO, command
from workers.depth._manifest import BUILT_IN_FOLDER
from workers.voice._manifest import BUILT_IN_FOLDER as VOICE_FOLDER


def without_display(**more: str) -> dict[str, Any]:
    env = {key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY")}
    return {"env": env | more}


@pytest.fixture
def port() -> int:
    with socket.socket() as end:
        end.bind(("127.0.0.1", 0))
        return int(end.getsockname()[1])


def settings_with(folder: Path, text: str) -> Path:
    file = folder / "settings.yaml"
    file.write_text(text)
    return file


def test_check_says_of_everything_whether_it_works(tmp_path: Path, port: int) -> None:
    file = settings_with(tmp_path, f"capture: {{source: scene}}\nweb: {{port: {port}}}\nsinks: [web]\n")
    done = command("check", f"--settings={file}", **without_display(STEREORING_MODELS=str(tmp_path)))
    assert done.returncode == 0, done.stdout + done.stderr
    for line in ("ok     machine   ", f"ok     settings  {file}", "ok     copy      a 1080p frame"):
        assert line in done.stdout
    assert "note   display   the screen cannot be captured: there is no display" in done.stdout
    assert "ok     fence     two processes missed each other 0 times in " in done.stdout
    assert f"ok     ports     {port} (web.port) is free" in done.stdout
    assert "note   models    depth-anything-v2-small is not here; export the network to ONNX" in done.stdout
    assert "nothing is wrong" in done.stdout


def test_check_names_wrong_settings_and_a_taken_port_and_ends_with_1(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        file = settings_with(tmp_path, f"capture: {{source: scene}}\nweb: {{port: {number}}}\nsinks: [web]\n")
        done = command("check", f"--settings={file}", **without_display())
        assert f"note   ports     {number} (web.port) is taken" in done.stdout
    file = settings_with(tmp_path, "capture: {fsp: 30}\nsinks: [web]\n")
    done = command("check", f"--settings={file}", **without_display())
    assert done.returncode == 1
    assert f"WRONG  settings  {file}:1: capture.fsp" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("missing/report.zip", "No such file or directory"),
        (".", "is a folder"),
        ("file/report.zip", "Not a directory"),
        ("/proc/report.zip", "No such file or directory"),
    ],
)
def test_a_place_where_no_zip_can_be_is_said_before_anything_is_checked(
    tmp_path: Path, place: str, why: str
) -> None:
    (tmp_path / "file").touch()
    done = command("check", f"--zip={tmp_path / place}", **without_display())
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"--zip {tmp_path / place}: {why}; name another file\n"


def test_a_zip_that_does_not_fit_is_said_after_the_report(tmp_path: Path) -> None:
    (full := tmp_path / "full.zip").symlink_to("/dev/full")
    done = command("check", f"--zip={full}", **without_display())
    assert done.returncode == 2
    assert "wrong" in done.stdout
    assert done.stderr == f"--zip {full}: No space left on device; name another file\n"


def test_the_zip_for_a_bug_report_holds_report_packages_and_settings(tmp_path: Path) -> None:
    bundle = tmp_path / "report.zip"
    done = command("check", f"--zip={bundle}", **without_display())
    assert str(bundle) in done.stdout
    with zipfile.ZipFile(bundle) as opened:
        assert set(opened.namelist()) == {"check.txt", "packages.txt", "settings.yaml"}
        assert opened.read("check.txt").decode() in done.stdout
        assert b"numpy==" in opened.read("packages.txt")
        assert opened.read("settings.yaml").decode() == without_keys((REPO / "settings.yaml").read_text())


def test_the_fence_holds_here() -> None:
    missed, met = run_litmus()
    assert missed == 0
    assert met > 0


def test_devices_without_a_display_says_so_and_names_the_cpu() -> None:
    done = command("devices", **without_display())
    assert done.returncode == 0
    assert "none: there is no display (DISPLAY is not set)" in done.stdout
    assert "none: there is no X display" in done.stdout
    assert "cpu: " in done.stdout


def test_models_are_listed_with_licence_and_place(tmp_path: Path) -> None:
    done = command("models", **without_display(STEREORING_MODELS=str(tmp_path), XDG_CACHE_HOME=str(tmp_path)))
    assert done.returncode == 0
    assert "tcmonodepth-small" in done.stdout
    assert "MIT" in done.stdout
    assert "downloads go to" in done.stdout


def test_verify_refuses_a_file_that_is_not_the_model(tmp_path: Path) -> None:
    file = tmp_path / "depth" / "tcmonodepth_small_192x320.onnx"
    file.parent.mkdir()
    file.write_bytes(b"something else")
    env = without_display(STEREORING_MODELS=str(tmp_path), XDG_CACHE_HOME=str(tmp_path / "cache"))
    done = command("models", "verify", **env)
    assert done.returncode == 1
    assert f"{file}: is not tcmonodepth-small: its sha256 is " in done.stderr
    assert "models download tcmonodepth-small" in done.stderr


def test_verify_without_any_download_finds_the_models_that_come_with_the_program(tmp_path: Path) -> None:
    env = without_display(STEREORING_MODELS=str(tmp_path), XDG_CACHE_HOME=str(tmp_path))
    done = command("models", "verify", **env)
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        f"{BUILT_IN_FOLDER / 'small_depth.onnx'}: is built-in",
        f"{VOICE_FOLDER / 'soundstream_encoder.onnx'}: is soundstream-encoder",
        f"{VOICE_FOLDER / 'soundstream_books.bin'}: is soundstream-books",
        f"{VOICE_FOLDER / 'soundstream_decoder.onnx'}: is soundstream-decoder",
    ]


def test_what_comes_with_the_program_is_not_offered_for_download(tmp_path: Path) -> None:
    done = command("models", "download", "built-in")
    assert done.returncode == 2
    assert "tcmonodepth-small" in done.stderr
