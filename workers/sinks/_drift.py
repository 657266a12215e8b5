"""The speaker's clock and that of who speaks are never quite the same: what waits to be played would grow, or
run out. So a frame is played a little shorter or longer, and in silence one is left out or said twice."""

import numpy as np
import numpy.typing as npt

MOST = 0.005  # a frame is made shorter or longer by so much at most: nobody hears that
FOLLOWS = 0.02  # share of the newest in the mean of what waits
SILENCE = 0.003  # of full scale
Sound = npt.NDArray[np.float32]


class Drift:
    """Keeps what waits near `target` seconds."""

    def __init__(self, target: float, rate: int) -> None:
        self._target, self._rate = target, rate
        self._mean = target
        self._last = np.float32(0)

    def __call__(self, sound: Sound, waiting: float) -> Sound:
        """What is to be played for a frame while `waiting` seconds are before it: it may be none."""
        frame = len(sound) / self._rate
        self._mean += FOLLOWS * (waiting - self._mean)
        off = self._mean - self._target
        if abs(off) > frame and float(np.abs(sound).max()) < SILENCE:
            self._mean -= frame if off > 0 else -frame
            return sound[:0] if off > 0 else np.concatenate([sound, sound[::-1]])
        return self._stretched(sound, 1 - max(-MOST, min(MOST, off)))

    def _stretched(self, sound: Sound, factor: float) -> Sound:
        """By lines between samples, from the last one of the frame before on."""
        length = round(len(sound) * factor)
        before, self._last = self._last, sound[-1]
        if length == len(sound):
            return sound
        at = np.arange(1, length + 1) * (len(sound) / length)
        known = np.concatenate([[before], sound])
        return np.asarray(np.interp(at, np.arange(len(known)), known), np.float32)
