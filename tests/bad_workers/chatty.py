"""A sink that writes as many log lines as it can.

Outcome: lines are dropped and counted, never waited for; it and everybody else keep their rate, and the
launcher still answers and stops.
"""

from shm.lease import Lease
from workers.worker import Worker


class Chatty(Worker):
    reads = "picture"

    def process(self, picture: Lease) -> None:
        for i in range(2000):
            self.log.warning("picture %d, line %d: %s", picture.info.seq, i, "blah " * 20)
