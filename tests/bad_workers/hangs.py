"""A sink that waits for ever in the middle of its third picture, which it still leases.

Outcome: its beat grows old; it is killed, its lease is cleared, and it starts again.
"""

import threading

from shm.lease import Lease
from workers.worker import Worker


class Hangs(Worker):
    reads = "picture"
    shown = 0

    def process(self, picture: Lease) -> None:
        self.shown += 1
        if self.shown == 3:
            threading.Event().wait()
