"""In the place of capture: a window that somebody makes three times as large, as soon as `drag` says so, and
in which nothing moves from there on: it publishes a frame only when it is asked for one.

Outcome: that one frame comes through, though it was lost in each ring that was too small for it.
"""

import os
import time
from dataclasses import replace
from typing import Any

from shm.lease import OpenSlot
from tests.bad_workers.grows import FACTOR, dragged
from workers.capture.scene import Scene


class GrowsAndStands(Scene):
    large = wanted = False

    def again(self) -> None:
        self.wanted = True

    def process(self, frame: OpenSlot, small: OpenSlot | None, depth: OpenSlot | None) -> Any:
        if not self.large and dragged(os.getppid()):
            self.large = self.wanted = True
            scene = self.settings.scene
            self.settings.scene = replace(scene, width=scene.width * FACTOR, height=scene.height * FACTOR)
            self.open()
        if self.large and not self.wanted:
            self._due = time.perf_counter() + 0.05
            return None
        self.wanted = False
        return super().process(frame, small, depth)
