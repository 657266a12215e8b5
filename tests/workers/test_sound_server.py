"""A sound server that goes away and comes back, as it does where somebody logs in anew: a real PulseAudio."""

import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import psutil
import pytest

from shm.lease import OpenSlot
from tests.pipeline.running import launched, until
from tests.workers.one_process import host, open_slot
from tests.workers.own_process import in_own_process
from tests.workers.pulse import pulse_server
from tests.workers.voices import clip, needs_voice
from workers.sound._recorder import Recorder
from workers.sound._soundcard import NoSound, forget_gone
from workers.sound.system_sound import Settings, SystemSound
from workers.voice import Settings as Voice

pytestmark = [
    pytest.mark.skipif(shutil.which("pulseaudio") is None, reason="not there: pulseaudio"),
    pytest.mark.timeout(120),
]
CALL = "job: {kind: voice}\nsinks: [speaker]\nsound: {source: sound_file}\n"


@pytest.fixture(autouse=True)
def named() -> Iterator[None]:
    """SoundCard says to PulseAudio who it is, and may not find it out here; it may know one that has gone."""
    sys.argv.append("")
    forget_gone()
    yield
    forget_gone()


def system_sound(told: list[dict[str, Any]]) -> SystemSound:
    source = SystemSound(SimpleNamespace(system_sound=Settings(), voice=Voice()), host(told))
    source.open()
    return source


def test_a_source_goes_on(tmp_path: Path) -> None:
    in_own_process(hears_twice, tmp_path)


def hears_twice(tmp_path: Path) -> None:
    told: list[dict[str, Any]] = []
    source = system_sound(told)
    for _ in range(2):
        with pulse_server(tmp_path, 16000, 1):
            until(lambda: source.process(open_slot(640)) is not None, "it hears")
        until(lambda: source.process(open_slot(640)) is None, "the server has gone")
    assert [one["kind"] for one in told] == ["away", "ready", "away"]


def test_waiting_for_it_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path}/none")
    in_own_process(waits_five_times)  # in ours what other tests have left may close at any time


def waits_five_times() -> None:
    wait_in_vain()
    process = psutil.Process()
    before = process.num_threads(), process.num_fds()
    for _ in range(5):
        wait_in_vain()
    assert (process.num_threads(), process.num_fds()) == before


def wait_in_vain() -> None:
    with pytest.raises(NoSound, match="PulseAudio has to run"):
        Recorder("", False, 16000, 320)
    forget_gone()


@needs_voice()
def test_a_speaker_goes_on(tmp_path: Path) -> None:
    """PulseAudio's own library ends the process that plays; its successor waits."""
    file = tmp_path / "mine.yaml"
    file.write_text(f"{CALL}sound_file: {{path: {clip()}}}\n")
    with pulse_server(tmp_path, 16000, 1) as server, launched(tmp_path, file=file, ready=False) as launcher:
        launcher.until_logged("Null Output")
        server.send_signal(signal.SIGKILL)
        server.wait()
        launcher.until_logged("PulseAudio has to run; it is waited for")
        launcher.until_running("speaker")
        (tmp_path / "socket").unlink()
        with pulse_server(tmp_path, 16000, 1):
            launcher.until_logged("Null Output", times=2)
            source, slot = system_sound([]), open_slot(640)
            until(lambda: source.process(slot) is not None and loudest(slot) > 1000, "it is heard")
            source.close()


def loudest(slot: OpenSlot) -> int:
    return int(np.abs(np.frombuffer(slot._memory, np.int16).astype(int)).max())
