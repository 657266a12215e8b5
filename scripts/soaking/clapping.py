"""Sound beside pictures, of a device that claps at the beginning of each second of our clock."""

import time

import numpy as np

from workers.audio._ear import Piece, Source
from workers.audio._packets import RATE
from workers.audio.live import Live

CLAP, PITCH = 0.05, 1000  # seconds, Hz
PIECE = 480  # samples


class Claps:
    """As a device hands its sound out: in pieces, a moment after they were heard."""

    def __init__(self) -> None:
        self._next, self._anew = _sample_now(), True

    def take(self) -> list[Piece]:
        pieces = []
        while self._next + PIECE <= _sample_now():
            at = (self._next + np.arange(PIECE)) / RATE
            sound = np.where(at % 1 < CLAP, 0.5 * np.sin(2 * np.pi * PITCH * at), 0)
            self._next += PIECE
            heard = self._next * 1_000_000_000 // RATE
            pieces.append(Piece(np.float32(sound).repeat(2).reshape(-1, 2), heard, self._anew))
            self._anew = False
        return pieces

    def close(self) -> None:
        """There is nothing to close."""


def _sample_now() -> int:
    return time.perf_counter_ns() * RATE // 1_000_000_000


class Clapping(Live):
    """All of the real worker but the device."""

    def _opened(self) -> Source:
        return Claps()
