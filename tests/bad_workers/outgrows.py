"""In the place of capture: a still picture that is larger than what its slot was made for, as of a monitor
that got another resolution.

Outcome: its one frame is dropped; the ring gets a larger segment, and the frame is asked for once more.
"""

import time
from typing import Any

import numpy as np

from shm.lease import OpenSlot
from tests.bad_workers.grows import FACTOR
from workers.capture.scene import Scene


class Outgrows(Scene):
    def open(self) -> None:
        scene: Any = self.settings.scene
        self._shape = FACTOR * scene.height, FACTOR * scene.width, 3
        self._shown = False
        super().open()

    def again(self) -> None:
        self._shown = False

    def due(self) -> float:
        return float("inf") if self._shown else 0.0

    def process(self, frame: OpenSlot, small: OpenSlot | None, depth: OpenSlot | None) -> int:
        self._shown = True
        frame.view(self._shape)[:] = 80
        if small is not None:
            small.view((192, 320, 3))[:] = 80
        if depth is not None:
            depth.view((45, 80), np.float32)[:] = 1
        return time.perf_counter_ns()
