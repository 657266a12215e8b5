"""Making the environment, and what becomes of one that was not finished; installing torch into it: what pip
is told, in which order, and what follows when it fails. There pip is a script that notes what it is told."""

import os
import shutil
import signal
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from scripts import environment
from scripts.alone import WAITING, alone
from scripts.torch_build import Build
from tests.pipeline.running import REPO, until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pip is a shell script here")
PIP = """#!/bin/sh
echo "$*" >> {folder}/told
env > {folder}/environment
case "$*" in *--index-url*) [ ! -e {folder}/unreachable ];; esac
"""


@pytest.fixture
def python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(REPO)
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text(PIP.format(folder=tmp_path))
    python.chmod(0o700)
    return python


def told(python: Path) -> list[str]:
    """What pip installed since the last time."""
    file = python.parents[1] / "told"
    lines = file.read_text().splitlines() if file.exists() else []
    file.unlink(missing_ok=True)
    return [line.split(" install ")[1].split(" --quiet")[0] for line in lines]


@pytest.mark.parametrize("script", ["environment", "vendor", "lock_lines"])
def test_contract_an_unknown_word_is_refused_before_anything_is_done(script: str) -> None:
    command = [sys.executable, str(REPO / "scripts" / f"{script}.py"), "--help"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("usage: ")


def test_contract_nothing_is_installed_twice(python: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build = Build("none", "there is no GPU")
    environment.install_for_run(python, build)
    assert told(python) == ["-r requirements/run.txt"]
    assert "torch: none, because there is no GPU" in capsys.readouterr().out
    environment.install_for_run(python, build)
    assert told(python) == []
    assert capsys.readouterr().out == ""


def test_contract_another_gpu_gets_another_torch(python: Path) -> None:
    environment.install_for_run(python, Build("none", ""))
    told(python)
    environment.install_for_run(python, Build("xpu", ""))
    run, torch, rest = told(python)
    assert (run, rest) == ("-r requirements/run.txt", "-r requirements/torch.txt")
    assert "+xpu --index-url https://download.pytorch.org/whl/xpu" in torch


def test_contract_without_the_torch_that_fits_the_program_runs_and_the_next_start_tries_again(
    python: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (python.parents[1] / "unreachable").touch()
    build = Build("cuda", "NVIDIA's driver is here")
    environment.install_for_run(python, build)
    assert told(python)[-1] == "-r requirements/run.txt"
    said = capsys.readouterr().out
    assert "torch: cuda, because NVIDIA's driver is here" in said
    assert "torch: none, because the one that fits could not be installed" in said
    assert "the next start tries again, unless STEREORING_TORCH=none is set" in said
    (python.parents[1] / "unreachable").unlink()
    environment.install_for_run(python, build)
    assert told(python)[-1] == "-r requirements/torch.txt"


@pytest.mark.parametrize(("macos", "done"), [("13.7.2", 1), ("14.0", 0), ("26.1", 0), ("10.16", 0)])
def test_contract_a_macos_that_nothing_is_made_for_is_refused_before_anything_is_made(
    macos: str, done: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made: list[Path] = []
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(environment.platform, "mac_ver", lambda: (macos, ("", "", ""), "arm64"))
    monkeypatch.setattr(environment, "make_venv", made.append)
    for name in ("install_for_run", "get_pages", "compile_picture"):
        monkeypatch.setattr(environment, name, lambda *what: None)
    monkeypatch.setattr(environment, "folder", lambda build: "not there")
    assert environment.main("run") == done
    assert bool(made) == (done == 0)
    said = f"macOS 14 or newer is needed, this is {macos}\n" if done else ""
    assert capsys.readouterr().err == said


def test_contract_a_torch_that_the_user_named_has_to_be_there(python: Path) -> None:
    (python.parents[1] / "unreachable").touch()
    with pytest.raises(subprocess.CalledProcessError):
        environment.install_for_run(python, Build("cuda", "", wished=True))


def test_contract_pip_installs_into_the_environment_whatever_the_user_has_set(
    python: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PIP_USER": "1", "PIP_TARGET": "/elsewhere", "PIP_PREFIX": "/elsewhere"}.items():
        monkeypatch.setenv(name, value)
    environment.install_for_run(python, Build("none", ""))
    given = (python.parents[1] / "environment").read_text().splitlines()
    assert {"PIP_USER=0", "PIP_REQUIRE_VIRTUALENV=1"} <= set(given)
    assert not [line for line in given if line.startswith(("PIP_TARGET=", "PIP_PREFIX="))]


@pytest.mark.parametrize("trouble", ["its Python is gone", "it has no pip", "it is the system's Python"])
def test_contract_an_environment_that_cannot_be_used_is_noticed(trouble: str, tmp_path: Path) -> None:
    venv.create(tmp_path, symlinks=True)
    python = tmp_path / "bin" / "python"
    if trouble == "its Python is gone":
        python.unlink()
        python.symlink_to("/gone/python")
    elif trouble == "it is the system's Python":  # what was left when pip could not be put there
        (tmp_path / "pyvenv.cfg").unlink()
    assert not environment.is_usable(python)
    assert environment.is_usable(Path(sys.executable))


def test_contract_where_pip_cannot_be_put_nothing_is_left_and_the_reason_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "made"
    folder.mkdir()  # by somebody who was killed
    make = f"from scripts.environment import *; make_venv(Path({str(folder)!r}))"
    command = ["sh", "-c", 'ulimit -f 100; exec "$@"', "sh", sys.executable, "-c", make]
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=False)
    assert "pip could not be put there: " in done.stderr
    assert "File too large" in done.stderr.splitlines()[-1]
    assert "python3-venv" not in done.stderr
    assert not folder.exists()


def test_contract_a_second_set_up_waits_and_ctrl_c_leaves_nothing_half_made(tmp_path: Path) -> None:
    shutil.copytree(REPO / "scripts", tmp_path / "scripts")
    shutil.copytree(REPO / "requirements", tmp_path / "requirements")
    command = [sys.executable, str(tmp_path / "scripts" / "environment.py"), "test"]
    with alone(tmp_path):
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PIP_NO_INDEX": "1"},  # should it get so far
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        assert process.stdout is not None
        assert process.stdout.readline() == WAITING + "\n"
        assert not (tmp_path / ".venv").exists()
    until((tmp_path / ".venv" / "bin" / "python").exists, "the second makes it")
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130
    assert said == ""
    assert not (tmp_path / ".venv").exists()
