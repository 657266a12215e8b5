"""SoundCard's player on a Mac: left alone it waits until all has been played before it takes more, and there
would be silence between any two pieces."""

import time
from typing import Any

import numpy as np
import numpy.typing as npt

PAUSE = 0.002  # seconds between two looks whether there is room
STUCK = 0.5  # seconds in which a speaker that plays has made room


class CoreAudioPlayer:
    """Begins with `ahead` seconds of silence, and takes no more than twice that before it is played."""

    def __init__(self, player: Any, rate: int, ahead: float) -> None:
        """`player` is SoundCard's, and open."""
        self._player, self._rate, self._ahead = player, rate, ahead

    @property
    def latency(self) -> float:
        """Seconds that wait to be played."""
        waiting: int = sum(map(len, tuple(self._player._queue)))  # as a tuple: CoreAudio's thread takes of it
        return waiting / self._rate

    def play(self, sound: npt.NDArray[np.float32]) -> None:
        """Raises RuntimeError where the speaker plays no more."""
        if not self._player._queue:
            self._player.play(np.zeros(round(self._ahead * self._rate), np.float32), wait=False)
        end = time.monotonic() + STUCK
        while self.latency > 2 * self._ahead:
            if time.monotonic() > end:
                self._player.__exit__(None, None, None)  # or CoreAudio would call what Python has forgotten
                raise RuntimeError("it takes no more sound")
            time.sleep(PAUSE)
        self._player.play(sound, wait=False)
