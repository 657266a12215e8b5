"""A sink that crashes each time it has shown ten pictures.

Outcome: as for one that crashes at the start. That it had run in between does not save it.
"""

from shm.lease import Lease
from workers.worker import Worker


class CrashesAfterFrames(Worker):
    reads = "picture"
    shown = 0

    def process(self, picture: Lease) -> None:
        self.shown += 1
        if self.shown == 10:
            raise ZeroDivisionError("ten pictures are enough")
