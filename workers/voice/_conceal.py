"""Sound out of packets, whatever became of them: for one that is missing the last one is said again, ever
more softly, and after that there is the noise of the room."""

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

FADE = (0.9, 0.7, 0.45, 0.2, 0.0)  # how loud the last packet is said again, each time
LOUDEST_NOISE = 0.003  # of full scale
FLOOR_RISES = 1.02  # a frame; a new room's noise is learned within seconds
Sound = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int32]


class Concealing:
    """A decoder around which nothing is missing. It begins softly: a network that has heard nothing yet may
    begin with a crack."""

    def __init__(self, decode: Callable[[Indices], Sound]) -> None:
        self._decode = decode
        self._last: Indices | None = None
        self._missing, self._gain, self._floor = 0, 0.0, 1e-5
        self._noise = np.random.default_rng(0)

    def heard(self, indices: Indices) -> Sound:
        """A packet that is there."""
        self._last, self._missing = indices, 0
        sound = self._decode(indices)
        self._floor = min(max(_loudness(sound), 1e-5), self._floor * FLOOR_RISES, LOUDEST_NOISE)
        return self._ramped(sound, 1.0)

    def missed(self, length: int) -> Sound:
        """One that is not there; `length` samples."""
        gain = FADE[min(self._missing, len(FADE) - 1)]
        self._missing += 1
        if self._last is None or (gain == 0 == self._gain):
            return self._room(length)
        faded = 1 - gain
        return self._ramped(self._decode(self._last), gain) + faded * self._room(length)

    def _ramped(self, sound: Sound, gain: float) -> Sound:
        """Without a step from frame to frame."""
        if gain == self._gain == 1.0:
            return sound
        ramp = np.linspace(self._gain, gain, len(sound), dtype=np.float32)
        self._gain = gain
        return sound * ramp

    def _room(self, length: int) -> Sound:
        return self._noise.normal(0, self._floor, length).astype(np.float32)


def _loudness(sound: Sound) -> float:
    return math.sqrt(np.dot(sound, sound) / len(sound))
