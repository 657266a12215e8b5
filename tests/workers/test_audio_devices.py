"""What this machine plays, recorded for the sound beside pictures through a real PulseAudio; and a device
that goes and comes back."""

import logging
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tests.pipeline.running import until
from tests.workers.clapper import clapping
from tests.workers.heard import claps, packets
from tests.workers.one_process import host
from tests.workers.own_process import in_own_process
from tests.workers.pulse import pulse_server
from workers.audio import Settings
from workers.audio._packets import AAC, OPUS, RATE, AudioCodec
from workers.audio.live import Live
from workers.sound._soundcard import forget_gone
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
    forget_gone()
    yield
    for thread in threading.enumerate():
        if thread.name == "ear":
            thread.join(30)


@contextmanager
def listening() -> Iterator[Live]:
    settings = SimpleNamespace(audio=Settings(source="system_sound"), sound_file=FileSettings())
    worker = Live(settings, host())
    worker.open()
    try:
        yield worker
    finally:
        worker.close()


def until_clapped(worker: Live, times: int, steadily: bool = False) -> list[tuple[int, AudioCodec, bytes]]:
    """All packets until so many claps are in them, `steadily` the last two a second apart: on a busy machine
    PulseAudio itself stumbles."""
    found, end = packets(worker, 0.3), time.monotonic() + 30
    while len(heard := claps(found, OPUS)) < times or (steadily and abs(heard[-1] - heard[-2] - 1) > 0.1):
        assert time.monotonic() < end, f"what is heard: {heard}"
        found += packets(worker, 0.3)
    return found


def test_what_is_played_is_heard_in_both_codecs_at_one_time(tmp_path: Path) -> None:
    in_own_process(plays_and_hears, tmp_path)


def plays_and_hears(tmp_path: Path) -> None:
    with pulse_server(tmp_path, RATE, 2), clapping(), listening() as worker:
        found = until_clapped(worker, 3, steadily=True)
    assert claps(found, AAC)[:2] == pytest.approx(claps(found, OPUS)[:2], abs=0.003)


def test_a_device_that_goes_is_silence_and_is_said_once_until_it_is_back(tmp_path: Path) -> None:
    in_own_process(goes_and_comes_back, tmp_path)


def goes_and_comes_back(tmp_path: Path) -> None:
    messages: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: messages.append(record.getMessage())  # type: ignore[method-assign]
    logging.basicConfig(level=logging.INFO, handlers=[handler])

    def said() -> int:
        return sum("there is silence" in text or "has gone" in text for text in messages)

    for name in ("one", "two"):
        (tmp_path / name).mkdir(exist_ok=True)
    with ExitStack() as held:
        with pulse_server(tmp_path / "one", RATE, 2):
            worker = held.enter_context(listening())
            assert len(packets(worker, 1.0)) > 50
        gone = packets(worker, 2.0)
        assert len(gone) > 130, "silence goes on by the clock"
        times = [at for at, codec, _ in gone if codec is OPUS]
        assert np.diff(times).max() < 21_000_000
        until(lambda: packets(worker, 0.1) and said(), "it is said")
        assert said() in (1, 2)
        messages.clear()
        with pulse_server(tmp_path / "two", RATE, 2), clapping():
            until_clapped(worker, 1)
    assert any("Null Output" in text for text in messages)


def test_without_any_sound_system_there_is_silence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path}/none")
    words = "PulseAudio has to run; until it is there, there is silence"
    with listening() as worker:
        assert len(packets(worker, 0.8)) > 40
        until(lambda: packets(worker, 0.1) and words in caplog.text, "it is said")
