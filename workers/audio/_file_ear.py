"""A file as what is heard, at its own pace."""

import logging
import time
from collections.abc import Callable

import numpy as np

from workers.audio._ear import Piece
from workers.audio._packets import RATE
from workers.sound._reading import CannotRead, frames_of

PIECE = 480  # samples
LATE = 0.5  # seconds; whoever has not asked for so long finds the file where he left it


class FileEar:
    """What of the file would have been heard by now. `loop` says at its end whether it begins again."""

    def __init__(self, path: str, loop: Callable[[], bool], log: logging.Logger) -> None:
        self._path, self._loop, self._log = path, loop, log
        self._begin()
        self._anew, self._at = True, time.perf_counter_ns()

    def take(self) -> list[Piece]:
        now, pieces = time.perf_counter_ns(), list[Piece]()
        if now - self._at > LATE * 1e9:
            self._anew, self._at = True, now
        while self._at + PIECE * 1_000_000_000 // RATE <= now and (sound := self._next()) is not None:
            self._at += len(sound) * 1_000_000_000 // RATE
            pieces.append(Piece(sound, self._at, self._anew))
            self._anew = False
        return pieces

    def close(self) -> None:
        self._frames.close()

    def _begin(self) -> None:
        self._frames = frames_of(self._path, RATE, PIECE, layout="stereo")
        self._any = False

    def _next(self) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]] | None:
        try:
            frame = next(self._frames, None)
        except CannotRead as error:
            self._log.error("%s", error)
            frame = None
        if frame is None and self._any and self._loop():
            self._begin()
            return self._next()
        if frame is None:
            return None
        self._any = True
        return np.asarray(frame.reshape(-1, 2) / 32768, np.float32)
