"""Inverse depth of any scale → nearness in 0…1, 1 = near, over a smoothed percentile range.

Smoothing the range (two numbers) instead of the map (every pixel) leaves no ghosts behind what moves. A scene
cut resets it in the same frame. While the depth worker is away the last map is carried along by optical flow,
so that the picture goes on, and eases to flat after a second.
"""

import math
from collections import deque
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from shm.lease import Lease, OpenSlot
from workers.steady._cut import is_cut
from workers.steady._flow import Flow
from workers.worker import Worker

CARRIED, EASED = 1.0, 2.0  # seconds after the last map: from here on it eases, here it is flat
FLAT = 0.5  # nearness
REMEMBERED = 16  # small frames; as many as can pass while the network works on one


class Nearness(Worker):
    """float32[h, w] inverse depth → float32[h, w] nearness of the same frame."""

    reads, follows = "depth", "small"
    writes = {"nearness": "0..1"}

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._low = self._high = 0.0
        self._time: int | None = None
        self._seen: deque[tuple[int, npt.NDArray[np.uint8]]] = deque(maxlen=REMEMBERED)
        self._map: npt.NDArray[np.float32] | None = None
        self._of_map: npt.NDArray[np.uint8] | None = None
        self._flow = Flow()

    @classmethod
    def sizes(cls, settings: SimpleNamespace, rings: Mapping[str, int]) -> dict[str, int]:
        return {"nearness": rings["depth"]}

    def process(self, depth: Lease, nearness: OpenSlot) -> None:
        inverse_depth, info = depth.frame, depth.info
        grey = next((grey for seq, grey in self._seen if seq == info.source.seq), None)
        cut = grey is not None and self._of_map is not None and is_cut(self._of_map, grey)
        self._follow_range(inverse_depth, None if cut else self._time, info.t_capture)
        target = nearness.view(inverse_depth.shape, np.float32)
        np.subtract(inverse_depth, self._low, out=target)
        np.multiply(target, 1 / max(self._high - self._low, 1e-9), out=target)
        np.clip(target, 0, 1, out=target)
        np.nan_to_num(target, copy=False)  # what the network could not say counts as far away
        self._map, self._of_map, self._time = target.copy(), grey, info.t_capture

    def follow(self, small: Lease, input_live: bool, nearness: OpenSlot) -> bool:
        """Remembers what the maps will belong to; while none come, carries the last one."""
        grey = np.asarray(cv2.cvtColor(small.frame, cv2.COLOR_RGB2GRAY), np.uint8)
        self._seen.append((small.info.source.seq, grey))
        if input_live or self._map is None or self._of_map is None or self._time is None:
            return False
        if is_cut(self._of_map, grey):
            self._map = np.full_like(self._map, FLAT)
        self._map = self._flow.carry(self._map, self._of_map, grey)
        self._of_map = grey
        age = (small.info.t_capture - self._time) / 1e9
        weight = min(1.0, max(0.0, (age - CARRIED) / (EASED - CARRIED)))
        np.add(self._map * (1 - weight), FLAT * weight, out=nearness.view(self._map.shape, np.float32))
        return True

    def _follow_range(self, inverse_depth: npt.NDArray[np.float32], since: int | None, now: int) -> None:
        """Let the range move towards that of this map: an exponential average over time."""
        steady = self.settings.steady
        sound = inverse_depth[np.isfinite(inverse_depth)]
        if not sound.size:
            return
        low, high = np.percentile(sound, (steady.low_percent, steady.high_percent))
        weight = 1.0
        if since is not None and steady.range_seconds > 0:
            weight = 1 - math.exp(-(now - since) / 1e9 / steady.range_seconds)
        self._low += weight * (float(low) - self._low)
        self._high += weight * (float(high) - self._high)
