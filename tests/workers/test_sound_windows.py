"""Sound on Windows: SoundCard's own way to play there, from its source, with a stand-in for WASAPI's buffer
below it that is played when the test says so."""

import ast
import importlib.util
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from workers.sinks._wasapi import WasapiPlayer

RATE, FRAME, ROOM, AHEAD = 24000, 320, 2880, 0.06
NOBODY_S = 9.0  # what lies in memory that nobody has written


class Buffer:
    """What SoundCard asks of cffi and of WASAPI."""

    def __init__(self) -> None:
        self.channelmap, self.buffersize = [0], ROOM
        self.waiting = np.zeros(0, np.float32)
        self._lent = np.zeros(0, np.float32)

    def memmove(self, to: Any, data: bytes, count: int) -> None:
        assert count <= 4 * len(to), "beyond its memory"
        to[: count // 4] = np.frombuffer(data[:count], np.float32)

    def _render_available_frames(self) -> int:
        return ROOM - len(self.waiting)

    def _render_buffer(self, count: int) -> list[Any]:
        assert count <= ROOM - len(self.waiting), "AUDCLNT_E_BUFFER_TOO_LARGE"
        self._lent = np.full(count, NOBODY_S, np.float32)
        return [self._lent]

    def _render_release(self, count: int) -> None:
        self.waiting = np.concatenate([self.waiting, self._lent[:count]])

    def listen(self, count: int) -> Any:
        heard, self.waiting = np.split(self.waiting, [count])
        return heard


@pytest.fixture
def buffer() -> Any:
    package = importlib.util.find_spec("soundcard")
    assert package is not None
    assert package.origin is not None
    module = ast.parse(Path(package.origin).with_name("mediafoundation.py").read_text())
    (player,) = [part for part in module.body if getattr(part, "name", "") == "_Player"]
    assert isinstance(player, ast.ClassDef)
    (play,) = [part for part in player.body if getattr(part, "name", "") == "play"]
    made: Any = Buffer()
    names: dict[str, Any] = {"numpy": np, "time": time, "_ffi": made}
    exec(ast.unparse(play), names)
    made.play = lambda data: names["play"](made, data)
    return made


def test_contract_nothing_is_heard_that_nobody_has_said(buffer: Any) -> None:
    player = WasapiPlayer(buffer, RATE, AHEAD)
    said = np.linspace(0.1, 0.9, 50 * FRAME, dtype=np.float32)
    heard = []
    for frame in said.reshape(-1, FRAME):
        player.play(frame)
        heard.append(buffer.listen(FRAME))
    sound = np.concatenate([*heard, buffer.waiting])
    silence = round(AHEAD * RATE)
    assert not sound[:silence].any()
    assert np.array_equal(sound[silence:], said)
    assert player.latency == pytest.approx(AHEAD)


def test_contract_where_all_has_been_played_it_begins_as_at_first(buffer: Any) -> None:
    player = WasapiPlayer(buffer, RATE, AHEAD)
    frame = np.full(FRAME, 0.5, np.float32)
    for _ in range(2):
        player.play(frame)
        assert len(buffer.listen(ROOM)) == round(AHEAD * RATE) + FRAME
