"""A sink whose user has seen enough after ten pictures, and closes it.

Outcome: everything stops in good order.
"""

from shm.lease import Lease
from workers.worker import Worker


class Quits(Worker):
    reads = "picture"
    shown = 0

    def process(self, picture: Lease) -> None:
        self.shown += 1
        if self.shown == 10:
            self.host.tell("quit", why="the user has seen enough")
