"""SoundCard's player on Windows: left alone it hands over all the room that there is, also where it has less
to play, and what nobody has written is heard."""

import time
from typing import Any

import numpy as np
import numpy.typing as npt

PAUSE = 0.002  # seconds between two looks whether there is room


class WasapiPlayer:
    """Begins with `ahead` seconds of silence, and again where all has been played."""

    def __init__(self, player: Any, rate: int, ahead: float) -> None:
        """`player` is SoundCard's, and open."""
        self._player, self._rate, self._ahead = player, rate, ahead
        self._room = player._render_available_frames

    @property
    def latency(self) -> float:
        """Seconds that wait to be played."""
        return float(self._player.buffersize - self._room()) / self._rate

    def play(self, sound: npt.NDArray[np.float32]) -> None:
        """Raises RuntimeError where the speaker has gone."""
        if self.latency == 0:
            sound = np.concatenate([np.zeros(round(self._ahead * self._rate), np.float32), sound])
        while len(sound):
            piece, sound = np.split(sound, [self._room()])
            if len(piece) == 0:
                time.sleep(PAUSE)
                continue
            self._player._render_available_frames = piece.__len__  # so much is handed over
            self._player.play(piece)
