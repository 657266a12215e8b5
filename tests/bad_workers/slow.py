"""A sink that takes four frame times for a picture.

Outcome: it gets the newest picture each time; what it could not take is counted as its own drops, and
nobody waits for it.
"""

import time

from shm.lease import Lease
from workers.worker import Worker


class Slow(Worker):
    reads = "picture"

    def process(self, picture: Lease) -> None:
        time.sleep(4 / 60)
