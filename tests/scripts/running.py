"""The programs in scripts/ as a user starts them."""

import subprocess
import sys
from pathlib import Path

REPO = Path(__file__).parents[2]


def run(script: str, *options: str) -> str:
    """What it prints, from whatever folder it is started."""
    done = subprocess.run(
        [sys.executable, str(REPO / "scripts" / script), *options],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        cwd="/",
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
