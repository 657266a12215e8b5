"""Twenty seconds of random kills; `python scripts/ring_chaos.py --seconds N` is the same for longer."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).parents[2]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the harness forks")
@pytest.mark.timeout(240)
def test_random_kills_tear_lose_and_leak_nothing() -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"python scripts/ring_chaos.py --seconds 20 --seed {seed}")
    run = subprocess.run(
        [sys.executable, "scripts/ring_chaos.py", "--seconds", "20", "--seed", str(seed), "--json"],
        cwd=REPO,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert run.stderr == f"seed {seed}\n", run.stderr
    result = json.loads(run.stdout)
    print(run.stdout)
    assert run.returncode == 0, result
    assert result["torn"] == result["lost"] == result["leaked_pins"] == result["leaked_fds"] == 0
    assert result["leaked_segments"] == result["leaked_slots"] == result["leaked_processes"] == 0
    assert result["kills"] > 200, "it did kill"
    assert result["checked"] > 1000
    assert result["joined"] > 100
