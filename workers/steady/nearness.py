"""Inverse depth of any scale → nearness in 0…1, 1 = near, over a smoothed percentile range.

Smoothing the range (two numbers) instead of the map (every pixel) leaves no ghosts behind what moves. A scene
cut resets it in the same frame. While the depth worker is away, or hangs, the last map is carried along by
optical flow, so that the picture goes on, and eases to flat after a second.
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
OVERDUE, OVERDUE_TIMES = 0.5, 3  # seconds, and times as long as usual: frames without a map are not so old
REMEMBERED = 16  # small frames; as many as can pass while the network works on one


class Nearness(Worker):
    """float32[h, w] inverse depth → float32[h, w] nearness of the same frame."""

    reads, follows = "depth", "small"
    writes = {"nearness": "0..1"}

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._low = self._high = 0.0
        self._ranged: int | None = None  # when the range last moved; None: the next map sets it
        self._time: int | None = None
        self._seen: deque[tuple[int, npt.NDArray[np.uint8]]] = deque(maxlen=REMEMBERED)
        self._map: npt.NDArray[np.float32] | None = None
        self._of_map: npt.NDArray[np.uint8] | None = None
        self._waits_since: int | None = None
        self._flow = Flow()
        self._unmapped_since: int | None = None
        self._waited = self._usual_wait = 0.0

    @classmethod
    def sizes(cls, settings: SimpleNamespace, rings: Mapping[str, int]) -> dict[str, int]:
        return {"nearness": rings["depth"]}

    def process(self, depth: Lease, nearness: OpenSlot) -> None:
        inverse_depth, info = depth.frame, depth.info
        grey = next((grey for seq, grey in self._seen if seq == info.source.seq), None)
        cut = grey is not None and self._of_map is not None and is_cut(self._of_map, grey)
        if cut:
            self._ranged = None
        self._follow_range(inverse_depth, info.t_capture)
        target = nearness.view(inverse_depth.shape, np.float32)
        np.subtract(inverse_depth, self._low, out=target)
        np.multiply(target, 1 / max(self._high - self._low, 1e-9), out=target)
        np.clip(target, 0, 1, out=target)
        np.nan_to_num(target, copy=False)  # what the network could not say counts as far away
        self._map, self._of_map, self._time = target.copy(), grey, info.t_capture
        self._unmapped_since, self._usual_wait, self._waited = None, self._waited, 0.0

    def follow(self, small: Lease, input_live: bool, nearness: OpenSlot) -> bool:
        """Remembers what the maps will belong to; while none come, carries the last one."""
        grey = np.asarray(cv2.cvtColor(small.frame, cv2.COLOR_RGB2GRAY), np.uint8)
        self._seen.append((small.info.source.seq, grey))
        if input_live and not self._is_overdue(small.info.t_capture):
            return False
        if self._map is None or self._of_map is None or self._time is None:
            return self._go_flat(grey, small.info.t_capture)
        if is_cut(self._of_map, grey):
            self._map = np.full_like(self._map, FLAT)
        self._map = self._flow.carry(self._map, self._of_map, grey)
        self._of_map = grey
        age = (small.info.t_capture - self._time) / 1e9
        weight = min(1.0, max(0.0, (age - CARRIED) / (EASED - CARRIED)))
        np.add(self._map * (1 - weight), FLAT * weight, out=nearness.view(self._map.shape, np.float32))
        return True

    def _go_flat(self, grey: npt.NDArray[np.uint8], now: int) -> bool:
        """There has never been a map. It is waited for as long as a later one would be carried; then a flat
        picture is better than none. The next `follow` shows it."""
        self._waits_since = self._waits_since or now
        if now - self._waits_since > EASED * 1e9:
            self._map, self._of_map, self._time = np.full(grey.shape, FLAT, np.float32), grey, now
        return False

    def _is_overdue(self, now: int) -> bool:
        """No map has come for so long that whoever makes them must hang. The wait begins with the first frame
        that has none: before that there may have been a still screen, or sleep."""
        if self._unmapped_since is None:
            self._unmapped_since = now
        self._waited = (now - self._unmapped_since) / 1e9
        return self._waited > max(OVERDUE, OVERDUE_TIMES * self._usual_wait)

    def _follow_range(self, inverse_depth: npt.NDArray[np.float32], now: int) -> None:
        """Let the range move towards that of this map: an exponential average over time."""
        steady = self.settings.steady
        sound = inverse_depth[np.isfinite(inverse_depth)]
        if not sound.size:
            return
        low, high = np.percentile(sound, (steady.low_percent, steady.high_percent))
        weight = 1.0
        if self._ranged is not None and steady.range_seconds > 0:
            weight = 1 - math.exp(-(now - self._ranged) / 1e9 / steady.range_seconds)
        self._ranged = now
        self._low += weight * (float(low) - self._low)
        self._high += weight * (float(high) - self._high)
