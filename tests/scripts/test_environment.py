"""Installing torch into the environment: what pip is told, in which order, and what follows when it fails.
Pip is a script here that notes what it is told."""

import subprocess
import sys
from pathlib import Path

import pytest

from scripts import environment
from scripts.torch_build import Build
from tests.pipeline.running import REPO

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pip is a shell script here")
PIP = """#!/bin/sh
echo "$*" >> {folder}/told
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
