"""Sound on a Mac: SoundCard's own player for it, from its source, with a stand-in for the audio unit below it
that takes sound when the test says so, and refuses what the real one refuses."""

import ast
import collections
import importlib.util
import logging
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from shm.frame import NO_SOURCE, FrameInfo
from tests.workers.one_process import host
from workers.sinks import _coreaudio, speaker
from workers.sinks.speaker import Settings, Speaker
from workers.sound import _recorder
from workers.sound._recorder import Recorder

RATE, FRAME, AT_ONCE = 24000, 320, 256
LARGEST = 512  # samples that an audio unit takes at a time


class Memory:
    """A pointer into memory, as cffi has it."""

    def __init__(self, memory: bytearray, at: int = 0) -> None:
        self.memory, self.at = memory, at

    def __add__(self, more: int) -> "Memory":
        return Memory(self.memory, self.at + more)


class Ffi:
    """What `_Player` asks of cffi."""

    def callback(self, kind: str) -> Any:
        return lambda function: function

    def from_buffer(self, data: Any) -> bytes:
        return np.ascontiguousarray(data).tobytes()

    def memmove(self, to: Memory, data: bytes, count: int) -> None:
        to.memory[to.at : to.at + count] = data[:count]


class AudioUnit:
    """Takes sound in `play`."""

    def __init__(self, iotype: str, device: str, samplerate: int, channels: int, blocksize: int) -> None:
        if not 14 <= blocksize <= LARGEST:
            raise TypeError(f"blocksize must be between 14.0 and {LARGEST}")
        self.blocksize, self.channels, self.closed = blocksize, channels, False

    def set_callback(self, callback: Any) -> None:
        self._callback = callback

    def start(self) -> None: ...

    def close(self) -> None:
        self.closed = True

    def play(self, samples: int) -> Any:
        memory = bytearray(4 * samples)
        buffer = SimpleNamespace(mNumberChannels=1, mDataByteSize=len(memory), mData=Memory(memory))
        buffers = SimpleNamespace(mNumberBuffers=1, mBuffers=[buffer])
        self._callback(None, None, None, 0, samples, buffers)
        return np.frombuffer(memory, np.float32)


def player_class() -> Any:
    """SoundCard's, without the libraries that its module loads."""
    package = importlib.util.find_spec("soundcard")
    assert package is not None
    assert package.origin is not None
    source = Path(package.origin).with_name("coreaudio.py").read_text()
    (found,) = [part for part in ast.parse(source).body if getattr(part, "name", "") == "_Player"]
    names = {"_AudioUnit": AudioUnit, "_ffi": Ffi(), "collections": collections, "numpy": np, "time": time}
    exec(ast.unparse(found), names)
    return names["_Player"]


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`opened` are its players."""
    player = player_class()

    def opened(samplerate: int, channels: Any = None, blocksize: Any = None) -> Any:
        made.opened.append(player("usual", samplerate, channels, blocksize))
        return made.opened[-1]

    def recorder(samplerate: int, channels: Any = None, blocksize: Any = None) -> Any:
        AudioUnit("input", "usual", samplerate, channels, blocksize)
        return nullcontext()

    made = SimpleNamespace(name="usual", player=opened, recorder=recorder, opened=[])
    package = SimpleNamespace(
        default_speaker=lambda: made,
        default_microphone=lambda: made,
        all_speakers=lambda: [made],
        all_microphones=lambda: [made],
    )
    monkeypatch.setattr(speaker, "soundcard", lambda: package)
    monkeypatch.setattr(_recorder, "soundcard", lambda: package)
    monkeypatch.setattr(sys, "platform", "darwin")
    return made


@pytest.fixture
def sink(device: Any) -> Any:
    made: Any = Speaker(SimpleNamespace(speaker=Settings()), host())
    made.log = logging.getLogger("speaker")
    made.open()
    return made


def frame() -> Any:
    pcm, now = np.full(FRAME, 16384, np.int16), time.perf_counter_ns()
    info = FrameInfo(1, 0, 1, now, now, NO_SOURCE, 0, pcm.shape, pcm.dtype, f"{RATE} Hz")
    return SimpleNamespace(frame=pcm, info=info)


def test_contract_what_is_played_has_no_silence_in_it(sink: Any, device: Any) -> None:
    heard, due = [], 0
    for _ in range(100):
        sink.process(frame())
        due += FRAME
        while due >= AT_ONCE:
            heard.append(device.opened[0]._au.play(AT_ONCE))
            due -= AT_ONCE
    sound = np.concatenate(heard)
    begin = int((sound > 0.4).argmax())
    assert begin == round(speaker.BUFFER * RATE)
    assert sound[begin:].min() > 0.4
    assert sink._player.latency == pytest.approx(speaker.BUFFER, abs=0.02)


def test_contract_no_more_is_handed_over_than_is_played_soon(
    sink: Any, device: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(_coreaudio, "STUCK", 0.05)
    for _ in range(20):
        sink.process(frame())
    assert sum(map(len, device.opened[0]._queue)) / RATE < 2 * speaker.BUFFER + 0.02
    assert device.opened[0]._au.closed
    assert "the speaker has gone (it takes no more sound); it is waited for" in caplog.text


@pytest.mark.usefixtures("device")
def test_contract_a_microphone_is_opened_whatever_is_taken_of_it_at_a_time() -> None:
    assert Recorder("", False, 48000, 960, 2).name == "usual"
