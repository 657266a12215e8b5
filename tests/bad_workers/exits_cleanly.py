"""A sink that ends by itself, in good order, after ten pictures.

Outcome: "finished". It is not started again, and the rest goes on.
"""

import sys

from shm.lease import Lease
from workers.worker import Worker


class ExitsCleanly(Worker):
    reads = "picture"
    shown = 0

    def process(self, picture: Lease) -> None:
        self.shown += 1
        if self.shown == 10:
            sys.exit(0)
