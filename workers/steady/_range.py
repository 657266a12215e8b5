"""The range of inverse depth that counts as far … near, smoothed over time.

Smoothing the range (two numbers) instead of the map (every pixel) leaves no ghosts behind what moves.
"""

import numpy as np
import numpy.typing as npt

from workers.steady import Settings
from workers.steady._easing import Easing

Map = npt.NDArray[np.float32]


class Range:
    """Percentiles of the maps, as an exponential average over time; `reset` has the next map set it."""

    def __init__(self) -> None:
        self.low = self.high = 0.0
        self._easing = Easing()

    def reset(self) -> None:
        self._easing.reset()

    def follow(self, inverse_depth: Map, settings: Settings, now: int) -> None:
        """Move towards the range of this map; `now` in ns."""
        found = range_of(inverse_depth, settings)
        if found is None:
            return
        weight = self._easing.weight(now, settings.range_seconds)
        self.low += weight * (found[0] - self.low)
        self.high += weight * (found[1] - self.high)

    def fix(self, low: float, high: float) -> None:
        """It is known, and need not follow."""
        self.low, self.high = low, high

    def nearness(self, inverse_depth: Map) -> Map:
        """float32[h, w] in 0…1; what the network could not say (NaN) counts as far away."""
        found = (inverse_depth - self.low) * np.float32(1 / max(self.high - self.low, 1e-9))
        return np.asarray(np.nan_to_num(np.clip(found, 0, 1), copy=False), np.float32)

    @property
    def contrast(self) -> float:
        """0…1: how much farther the far is than the near. A page of text has none, whatever is stretched."""
        return max(0.0, min(1.0, (self.high - self.low) / max(abs(self.high), 1e-9)))


def range_of(inverse_depth: Map, settings: Settings) -> tuple[float, float] | None:
    """What counts as far and as near in one map; None if nothing in it is a number."""
    sound = inverse_depth[np.isfinite(inverse_depth)]
    if not sound.size:
        return None
    low, high = np.percentile(sound, (settings.low_percent, settings.high_percent))
    return float(low), float(high)
