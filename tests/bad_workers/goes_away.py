"""In the place of capture: a screen that is gone while the file named in GOES_AWAY is there.

Outcome: the last picture stays up, marked stale, until it is back.
"""

import os
from pathlib import Path

from shm.lease import OpenSlot
from workers.capture.scene import Scene


class GoesAway(Scene):
    away = False

    def process(self, frame: OpenSlot, small: OpenSlot | None, depth: OpenSlot | None) -> int | None:
        away = Path(os.environ["GOES_AWAY"]).exists()
        if away != self.away:
            self.away = away
            self.host.tell("away" if away else "ready")
        return None if away else super().process(frame, small, depth)
