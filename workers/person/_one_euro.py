"""The One-Euro filter (Casiez, Roussel, Vogel 2012): calm while slow, without lag while quick."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float32]
SPEED_CUTOFF = 1.0  # Hz, of the speed itself


class OneEuro:
    """Of an array of values, each by itself; rounded where MediaPipe's is, and of the same speed: that of
    what comes in."""

    def __init__(self, least_cutoff: float, by_speed: float) -> None:
        """`least_cutoff` (Hz) at rest; it rises by `by_speed` with the speed (units a second)."""
        self._least, self._by_speed = float(np.float32(least_cutoff)), float(np.float32(by_speed))
        self._raw: Values | None = None
        self._value: Any = None
        self._speed: Any = None
        self._at = 0.0

    def __call__(self, values: Values, at: float, unit: float = 1.0) -> Values:
        """`at` in seconds; `unit` is what one unit of speed is, like the size of the body."""
        if self._raw is None or at <= self._at:
            self._raw = self._value = values.copy()
            self._speed, self._at = np.zeros_like(values), at
            return values
        length, self._at = at - self._at, at
        speed = (values.astype(float) - self._raw) * float(np.float32(1) / np.float32(unit)) / length
        self._raw = values.copy()
        self._speed = _mixed(self._speed, speed.astype(np.float32), _share(SPEED_CUTOFF, length))
        cutoff = self._least + self._by_speed * np.abs(self._speed.astype(float))
        self._value = _mixed(self._value, values, _share(cutoff, length))
        return np.array(self._value)


def _share(cutoff: Any, length: float) -> Any:
    """How much of a new value is taken, with this cutoff and so many seconds after the last."""
    return np.asarray(1 / (1 + 1 / (2 * math.pi * cutoff) / length)).astype(np.float32)


def _mixed(old: Values, new: Values, share: Any) -> Values:
    return np.asarray((share * new).astype(float) + (1 - share.astype(float)) * old, np.float32)
