"""scripts/bench_voice.py: what it says of quality is the same on every machine, and is tested here. What it
says of speed is not."""

import json

import pytest

from scripts.bench_voice import CLIPS
from tests.scripts.running import run
from tests.workers.voices import clip, needs_voice, speech
from workers.voice._judging import CODECS, judged

pytestmark = [needs_voice(), pytest.mark.timeout(120)]


def test_contract_half_the_bits_are_as_good_as_opus_on_four_clips_of_five() -> None:
    pytest.importorskip("pesq")
    as_good = []
    for name in CLIPS:
        pcm = speech(name, seconds=12.0)  # whole, as the bench has them: cut short, PESQ may align otherwise
        ours, opus = judged(pcm, "lyra", 3.2), judged(pcm, "opus", 6.0)
        assert ours.pesq is not None
        assert opus.pesq is not None
        as_good.append(ours.pesq >= opus.pesq)
    assert sum(as_good) >= 4, as_good


@pytest.mark.long
def test_contract_all_figures_are_there_and_live_is_what_one_go_is() -> None:
    report = json.loads(run("bench_voice.py", "--json", "--seconds=1", f"--clips={clip()}"))
    pesq = {(row["codec"], row["kbps"]): row["pesq"] or 0 for row in report["quality"]}
    assert set(pesq) == set(CODECS)
    assert pesq["lyra", 3.2] <= pesq["lyra", 6.0] <= pesq["lyra", 9.2]
    lost = {row["lost"]: row["pesq"] or 0 for row in report["losses"]}
    assert lost[0.2] <= lost[0.05] <= pesq["lyra", 6.0]
    assert report["streaming_max_abs_diff"] < 1e-4
    assert 0 < report["step_ms"]["p50"] <= report["step_ms"]["p99"]
    assert report["rtf"] > 0
