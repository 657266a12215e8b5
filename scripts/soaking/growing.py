"""A source whose frames become larger step by step, and show whether they are whole."""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from scripts.soaking.pattern import paint
from shm.lease import OpenSlot
from workers.worker import Worker

DEPTH_SCALE, DEPTH_EVERY = 4, 10  # the depth map is so much smaller, and grows only every so many steps


@dataclass(frozen=True)
class Settings:
    """From `width` x `height` in `steps` to `to_width` x `to_height`. A size stays for `seconds` after its
    first frame has found room, so that it has gone down the whole line."""

    width: int
    height: int
    to_width: int
    to_height: int
    steps: int
    first_seconds: float
    seconds: float

    def size(self, step: int) -> tuple[int, int]:
        """Rows and columns at a step; even, because people's screens are."""
        part = step / max(1, self.steps)
        rows = self.height + part * (self.to_height - self.height)
        columns = self.width + part * (self.to_width - self.width)
        return round(rows / 2) * 2, round(columns / 2) * 2


class Growing(Worker):
    """Frames of one level each, and flat depth maps, at `capture.fps`."""

    writes = {"frame": "RGB"}
    offers = {"small": "RGB", "depth": "1/m"}

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.number, self.step, self._due = 0, 0, 0.0
        self._grow_at: float | None = None  # None: the first frame of this size has not found room yet

    def open(self) -> None:
        self._due = time.perf_counter()

    def due(self) -> float:
        return self._due

    def process(self, frame: OpenSlot, small: OpenSlot, depth: OpenSlot) -> int:
        settings, now = self.settings.growing, time.perf_counter()
        self._due = max(self._due + 1 / self.settings.capture.fps, now - 0.1)
        if self._grow_at is not None and now >= self._grow_at and self.step < settings.steps:
            self.step, self._grow_at = self.step + 1, None
        picture = frame.view((*settings.size(self.step), 3))
        rows, columns = settings.size(self.step - self.step % DEPTH_EVERY)
        inverse_depth = depth.view((rows // DEPTH_SCALE, columns // DEPTH_SCALE), np.float32)
        if self._grow_at is None:
            self._grow_at = now + (settings.seconds if self.step else settings.first_seconds)
        self.number += 1
        paint(picture, self.number)
        inverse_depth[:] = 1 + self.number % 5
        size = self.settings.depth
        small.view((size.height, size.width, 3))[:] = picture[0, 0]
        return int(now * 1e9)
