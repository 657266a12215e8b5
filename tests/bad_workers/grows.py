"""In the place of capture: a window that somebody drags larger for half a second, to three times its size.

Outcome: the frames that do not fit are dropped and counted; after a quarter of a second of quiet each ring
has one larger segment; the picture goes on and nobody restarts.
"""

import time
from dataclasses import replace
from typing import Any

from shm.lease import OpenSlot
from workers.capture.scene import Scene

DRAGGED = 0.5  # seconds
FACTOR = 3


class Grows(Scene):
    def open(self) -> None:
        super().open()
        self._first, self._scene = time.perf_counter() + 1.5, self.settings.scene

    def process(self, frame: OpenSlot, small: OpenSlot | None, depth: OpenSlot | None) -> int:
        part = (time.perf_counter() - self._first) / DRAGGED
        factor = 1 + (FACTOR - 1) * min(1.0, max(0.0, part))
        scene: Any = replace(
            self._scene, width=int(self._scene.width * factor), height=int(self._scene.height * factor)
        )
        if scene != self.settings.scene:
            self.settings.scene, due = scene, self._due
            super().open()
            self._due = due
        return super().process(frame, small, depth)
