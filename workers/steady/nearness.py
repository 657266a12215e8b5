"""Inverse depth of any scale → nearness in 0…1, 1 = near, over a smoothed percentile range.

Smoothing the range (two numbers) instead of the map (every pixel) leaves no ghosts behind what moves.
"""

import math
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np

from shm.lease import Lease, OpenSlot
from workers.worker import Worker


class Nearness(Worker):
    """float32[h, w] inverse depth → float32[h, w] nearness of the same frame."""

    reads = "depth"
    writes = {"nearness": "0..1"}

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._low = self._high = 0.0
        self._time: int | None = None

    @classmethod
    def sizes(cls, settings: SimpleNamespace, rings: Mapping[str, int]) -> dict[str, int]:
        return {"nearness": rings["depth"]}

    def process(self, depth: Lease, nearness: OpenSlot) -> None:
        inverse_depth = depth.frame
        self._follow(inverse_depth, depth.info.t_capture)
        target = nearness.view(inverse_depth.shape, np.float32)
        np.subtract(inverse_depth, self._low, out=target)
        np.multiply(target, 1 / max(self._high - self._low, 1e-9), out=target)
        np.clip(target, 0, 1, out=target)
        np.nan_to_num(target, copy=False)  # what the network could not say counts as far away

    def _follow(self, inverse_depth: np.ndarray[Any, Any], t_capture: int) -> None:
        """Let the range move towards that of this map: an exponential average over time."""
        steady = self.settings.steady
        sound = inverse_depth[np.isfinite(inverse_depth)]
        if not sound.size:
            return
        low, high = np.percentile(sound, (steady.low_percent, steady.high_percent))
        weight = 1.0
        if self._time is not None and steady.range_seconds > 0:
            weight = 1 - math.exp(-(t_capture - self._time) / 1e9 / steady.range_seconds)
        self._low += weight * (float(low) - self._low)
        self._high += weight * (float(high) - self._high)
        self._time = t_capture
