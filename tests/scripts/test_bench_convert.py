"""scripts/bench_convert.py with few and small frames. No figure is tested here."""

import json

import pytest

from tests.scripts.running import run
from workers.depth._models import is_here


@pytest.mark.long
@pytest.mark.skipif(not is_here("tcmonodepth-small"), reason="tcmonodepth-small is not here")
@pytest.mark.timeout(90)
def test_smoke_both_passes_of_a_conversion_are_measured() -> None:
    report = json.loads(run("bench_convert.py", "--json", "--frames=60", "--alone-frames=4", "--size=160x90"))
    assert report["convert_fps"] > 0
    assert report["convert_over_bound"] > 0
    assert set(report["passes"]["survey"]["alone_ms"]) == {"reading", "depth", "survey"}
    assert set(report["passes"]["convert"]["alone_ms"]) == {"reading", "depth", "steady", "stereo", "writing"}
