"""What this machine plays, recorded for the sound beside pictures through a real PulseAudio; and a device
that goes and comes back."""

import logging
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.workers.clapper import clapping
from tests.workers.heard import claps, packets
from tests.workers.one_process import host
from tests.workers.pulse import pulse_server
from workers.audio import Settings
from workers.audio._packets import AAC, OPUS, RATE, AudioCodec
from workers.audio.live import Live
from workers.sound._recorder import forget_soundcard
from workers.sound.sound_file import Settings as FileSettings

pytestmark = [
    pytest.mark.skipif(shutil.which("pulseaudio") is None, reason="not there: pulseaudio"),
    pytest.mark.timeout(60),
]


@pytest.fixture(autouse=True)
def named() -> Iterator[None]:
    """SoundCard says to PulseAudio who it is, and may not find it out here; it may know another server. A
    closed ear ends, and forgets the package, when its device has gone: not while another test imports it."""
    sys.argv.append("")
    forget_soundcard()
    yield
    for thread in threading.enumerate():
        if thread.name == "ear":
            thread.join(30)


def listening(**audio: Any) -> Live:
    settings = SimpleNamespace(audio=Settings(source="system_sound", **audio), sound_file=FileSettings())
    worker = Live(settings, host())
    worker.open()
    return worker


def until_clapped(worker: Live, times: int) -> list[tuple[int, AudioCodec, bytes]]:
    """All packets until so many claps are in them."""
    found, end = packets(worker, 0.3), time.monotonic() + 30
    while len(claps(found, OPUS)) < times:
        assert time.monotonic() < end, "nothing is heard"
        found += packets(worker, 0.3)
    return found


def test_what_is_played_is_heard_in_both_codecs_at_one_time(tmp_path: Path) -> None:
    with pulse_server(tmp_path, RATE, 2), clapping():
        worker = listening()
        found = until_clapped(worker, 3)
        worker.close()
    aac, opus = claps(found, AAC), claps(found, OPUS)
    assert aac[:2] == pytest.approx(opus[:2], abs=0.003)
    assert np.diff(opus)[-1] == pytest.approx(1, abs=0.1), "PulseAudio itself stumbles on a busy machine"


def test_a_device_that_goes_is_silence_and_is_said_once_until_it_is_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        (tmp_path / "one").mkdir()
        with pulse_server(tmp_path / "one", RATE, 2):
            worker = listening()
            assert len(packets(worker, 1.0)) > 50
        gone = packets(worker, 2.0)
        assert len(gone) > 130, "silence goes on by the clock"
        times = [at for at, codec, _ in gone if codec is OPUS]
        assert np.diff(times).max() < 21_000_000
        assert sum("there is silence" in text or "has gone" in text for text in caplog.messages) in (1, 2)
        caplog.clear()
        (tmp_path / "two").mkdir()
        with pulse_server(tmp_path / "two", RATE, 2), clapping():
            until_clapped(worker, 1)
        worker.close()
    assert any("Null Output" in text for text in caplog.messages)


def test_without_any_sound_system_there_is_silence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path}/none")
    worker = listening()
    found = packets(worker, 0.8)
    worker.close()
    assert len(found) > 40
    assert any(
        "PulseAudio has to run; until it is there, there is silence" in text for text in caplog.messages
    )
