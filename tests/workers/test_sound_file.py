"""A file of sound as a source."""

import time
import wave
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tests.workers.one_process import host, open_slot
from tests.workers.voices import tone
from workers.sound.sound_file import Settings, SoundFile
from workers.voice import Settings as Voice

pytestmark = pytest.mark.timeout(60)
FRAMES = 5


@pytest.fixture
def source(tmp_path: Path) -> SoundFile:
    with wave.open(str(tmp_path / "said.wav"), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(tone(500, FRAMES * 0.02).tobytes())
    settings = SimpleNamespace(sound_file=Settings(str(tmp_path / "said.wav"), loop=False), voice=Voice())
    return SoundFile(settings, host())


def heard(source: SoundFile) -> int:
    """Frames until it ends, or a hundred."""
    slot, frames = open_slot(640), 0
    while source.due() < time.perf_counter() + 10 and frames < 100:
        frames += source.process(slot) is not None
    return frames


def test_contract_whether_it_begins_again_is_said_at_any_time(source: SoundFile) -> None:
    source.open()
    assert heard(source) == FRAMES
    source.settings.sound_file = replace(source.settings.sound_file, loop=True)
    assert heard(source) == 100
    source.settings.sound_file = replace(source.settings.sound_file, loop=False)
    assert 0 <= heard(source) <= FRAMES
    assert heard(source) == 0
    source.close()


def test_contract_a_file_without_any_sound_is_not_begun_again_and_again(source: SoundFile) -> None:
    with wave.open(source.settings.sound_file.path, "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(np.zeros(0, np.int16).tobytes())
    source.settings.sound_file = replace(source.settings.sound_file, loop=True)
    source.open()
    assert heard(source) == 0
    source.close()
