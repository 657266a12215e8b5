"""Programs of the benchmarks that print their figures as JSON when they are done."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

REPO = Path(__file__).resolve().parents[1]


def start(module: str, *arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.Popen(command, cwd=REPO, stdout=subprocess.PIPE, text=True)


def said(process: "subprocess.Popen[str]") -> Any:
    """What it printed, when it has ended. Without figures there is nothing to go on with."""
    text, _ = process.communicate()
    if process.returncode:
        sys.exit(f"{process.args} has failed")
    return json.loads(text)
