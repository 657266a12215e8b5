"""A source that is white at the beginning of each second of the clock, and black else."""

import math
import time
from typing import Any

import numpy as np

from shm.lease import OpenSlot
from workers.worker import Worker

FLASH = 0.1  # seconds
ROWS, COLUMNS, DEPTH_SCALE = 180, 320, 4


class Flashing(Worker):
    """A frame at each whole part of a second, `capture.fps` of them, with a flat depth map."""

    writes = {"frame": "RGB"}
    offers = {"small": "RGB", "depth": "1/m"}

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._due = 0.0

    def due(self) -> float:
        return self._due

    def process(self, frame: OpenSlot, small: OpenSlot, depth: OpenSlot) -> int:
        now, fps = time.perf_counter(), self.settings.capture.fps
        self._due = (math.floor(now * fps + 0.01) + 1) / fps
        level = 255 if now % 1 < FLASH else 0
        frame.view((ROWS, COLUMNS, 3))[:] = level
        size = self.settings.depth
        small.view((size.height, size.width, 3))[:] = level
        depth.view((ROWS // DEPTH_SCALE, COLUMNS // DEPTH_SCALE), np.float32)[:] = 1
        return int(now * 1e9)
