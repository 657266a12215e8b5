"""The launcher reads every worker's settings; it must not load what the workers work with for that."""

import subprocess
import sys

from tests.pipeline.running import REPO

HEAVY = ("ai_edge_litert", "aiohttp", "aiortc", "numba", "onnxruntime", "soundcard", "torch")
SCRIPT = f"""
import sys
from pipeline.catalogue import settings_types
assert settings_types()
print(*(name for name in {HEAVY!r} if name in sys.modules))
"""


def test_contract_reading_the_settings_loads_nothing_heavy() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=REPO, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
