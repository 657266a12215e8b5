"""The One-Euro filter (Casiez, Roussel, Vogel 2012): calm while slow, without lag while quick."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float32]
SPEED_CUTOFF = 1.0  # Hz, of the speed itself


class OneEuro:
    """Of an array of values, each by itself."""

    def __init__(self, least_cutoff: float, by_speed: float) -> None:
        """`least_cutoff` (Hz) at rest; it rises by `by_speed` with the speed (units a second)."""
        self._least, self._by_speed = least_cutoff, by_speed
        self._value: Values | None = None
        self._speed: Any = 0.0
        self._at = 0.0

    def __call__(self, values: Values, at: float, unit: float = 1.0) -> Values:
        """`at` in seconds; `unit` is what one unit of speed is, like the size of the body."""
        if self._value is None or at <= self._at:
            self._value, self._speed, self._at = values.copy(), np.zeros_like(values), at
            return values
        length, self._at = at - self._at, at
        speed = (values - self._value) / unit / length
        self._speed = self._speed + _share(SPEED_CUTOFF, length) * (speed - self._speed)
        cutoff = self._least + self._by_speed * np.abs(self._speed)
        self._value = np.asarray(self._value + _share(cutoff, length) * (values - self._value), np.float32)
        return self._value.copy()


def _share(cutoff: Any, length: float) -> Any:
    """How much of a new value is taken, with this cutoff and so many seconds after the last."""
    return 1 / (1 + 1 / (2 * math.pi * cutoff * length))
