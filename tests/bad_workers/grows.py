"""In the place of capture: a window that somebody drags larger for half a second, to three times its size,
as soon as `drag` says so.

Outcome: the frames that do not fit are dropped and counted; after a quarter of a second of quiet each ring
has one larger segment; the picture goes on and nobody restarts.
"""

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from shm.lease import OpenSlot
from workers.capture.scene import Scene

DRAGGED = 0.5  # seconds
FACTOR = 3


def drag(launcher_pid: int) -> None:
    _sign(launcher_pid).touch()


def dragged(launcher_pid: int) -> bool:
    return _sign(launcher_pid).exists()


def _sign(launcher_pid: int) -> Path:
    """A file, which who is started later sees too."""
    return Path(os.environ["XDG_RUNTIME_DIR"], f"dragged-{launcher_pid}")


class Grows(Scene):
    def open(self) -> None:
        super().open()
        self._first, self._scene = float("inf"), self.settings.scene

    def process(self, frame: OpenSlot, small: OpenSlot | None, depth: OpenSlot | None) -> int:
        if self._first == float("inf") and dragged(os.getppid()):
            self._first = time.perf_counter()
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
