"""A microphone and a speaker, through a real PulseAudio whose one speaker plays into nothing: what it is
given can be recorded."""

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from shm.frame import NO_SOURCE, FrameInfo
from tests.pipeline.running import REPO
from tests.workers.one_process import host, open_slot
from tests.workers.pulse import pulse_server
from tests.workers.voices import tone
from workers.sinks.speaker import Settings as Playing
from workers.sinks.speaker import Speaker
from workers.sound._recorder import Recorder, _played
from workers.sound._soundcard import NoSound, names, soundcard
from workers.sound.system_sound import Settings as Recording
from workers.sound.system_sound import SystemSound
from workers.voice import Settings as Voice

pytestmark = [
    pytest.mark.skipif(shutil.which("pulseaudio") is None, reason="not there: pulseaudio"),
    pytest.mark.timeout(60),
]


@pytest.fixture(scope="module", autouse=True)
def pulse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """SoundCard asks for the server when it is imported, once in a process."""
    with pulse_server(tmp_path_factory.mktemp("pulse"), 16000, 1):
        sys.argv.append("")  # SoundCard says to PulseAudio who it is, and may not find it out here
        yield


class Held:
    """A frame as a ring would hand it out."""

    def __init__(self, pcm: np.ndarray) -> None:  # type: ignore[type-arg]
        now = time.perf_counter_ns()
        self.frame = pcm
        self.info = FrameInfo(1, 0, 1, now, now, NO_SOURCE, 0, pcm.shape, pcm.dtype, "16000 Hz")


def test_what_the_speaker_plays_is_what_the_system_s_sound_is() -> None:
    speaker: Any = Speaker(SimpleNamespace(speaker=Playing()), host())
    speaker.open()
    source = SystemSound(SimpleNamespace(system_sound=Recording(), voice=Voice()), host())
    source.open()
    done = threading.Event()

    def play() -> None:
        sound = tone(500, 4.0).reshape(-1, 320)
        for frame in sound:
            if done.is_set():
                return
            speaker.process(Held(frame))

    player = threading.Thread(target=play)
    player.start()
    try:
        heard = np.concatenate([_next(source) for _ in range(100)])[-16000:]
    finally:
        done.set()
        player.join()
        speaker.close()
        source.close()
    assert np.abs(np.fft.rfft(heard * np.hanning(16000))).argmax() == pytest.approx(500, abs=3)
    assert np.abs(heard).max() == pytest.approx(0.3 * 32767, rel=0.1)


def _next(source: SystemSound) -> np.ndarray:  # type: ignore[type-arg]
    slot = open_slot(640)
    assert source.process(slot) is not None
    return np.frombuffer(slot._memory, np.int16).copy()


@pytest.mark.skipif(shutil.which("pactl") is None, reason="not there: pactl")
def test_of_two_speakers_with_one_name_the_usual_one_is_heard() -> None:
    twin = ["module-null-sink", "sink_name=twin", """sink_properties="device.description='Null Output'" """]
    load = ["pactl", "load-module", *twin]
    module = subprocess.run(load, capture_output=True, text=True, check=True).stdout.strip()
    try:
        assert names(soundcard(), speakers=True) == ["Null Output", "Null Output"]
        assert _played(soundcard(), "").id == "nowhere.monitor"
    finally:
        subprocess.run(["pactl", "unload-module", module], check=True)


def test_a_device_that_is_not_there_is_said_once_with_those_that_are(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises(NoSound, match="no device with 'golden' in its name; there is Null Output"):
        Recorder("golden", True, 16000, 320)
    speaker: Any = Speaker(SimpleNamespace(speaker=Playing(which="golden")), host())
    speaker.open()
    for _ in range(2):
        speaker.process(Held(np.zeros(320, np.int16)))
    source = SystemSound(SimpleNamespace(system_sound=Recording(which="golden"), voice=Voice()), host())
    source.open()
    for _ in range(2):
        assert source.process(open_slot(640)) is None
    said = [text for text in caplog.messages if "it is waited for" in text]
    assert said == 2 * ["no device with 'golden' in its name; there is Null Output; it is waited for"]


def test_a_machine_without_a_sound_server_says_so(tmp_path: Path) -> None:
    program = tmp_path / "program.py"  # SoundCard cannot do with `python -c`
    program.write_text(
        "from workers.sound._recorder import Recorder\n"
        "from workers.sound._soundcard import NoSound\n"
        "try: Recorder('', False, 16000, 320)\n"
        "except NoSound as error: print(error)"
    )
    found = subprocess.run(
        [sys.executable, str(program)],
        env={**os.environ, "PULSE_SERVER": f"unix:{tmp_path}/none", "PYTHONPATH": str(REPO)},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert "PulseAudio has to run" in found.stdout
