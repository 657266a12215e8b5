"""The scripts that start the program find its folder from wherever, and by whatever name, they are called."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pipeline.running import REPO

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has run.ps1")
ENVIRONMENT = "find_python() { echo python3; }\nmake_environment() { :; }\n"
PYTHON = '#!/bin/sh\necho "$PWD" "$@"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "the program"
    for file in ("scripts/run", "Stereoring.command"):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPO / file, folder / file)
    (folder / "scripts" / "environment.sh").write_text(ENVIRONMENT)
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(PYTHON)
    python.chmod(0o700)
    return folder


@pytest.mark.parametrize("script", ["scripts/run", "Stereoring.command"])
@pytest.mark.parametrize("way", ["by a link", "by a link to a link", "where CDPATH leads elsewhere"])
def test_contract_the_program_is_found(script: str, way: str, folder: Path) -> None:
    called, env = script, dict(os.environ)
    if way == "where CDPATH leads elsewhere":
        (folder.parent / "elsewhere" / "scripts").mkdir(parents=True)
        env["CDPATH"] = str(folder.parent / "elsewhere")
    else:
        called = str(folder.parent / "link")
        Path(called).symlink_to(folder / script)
    if way == "by a link to a link":
        called += "s"
        Path(called).symlink_to("link")
    command = ["bash", called, "--plan"]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=True)
    assert done.stdout == f"{folder} launcher.py --plan\n"
