"""A sink that keeps the pixels of the picture before, "to compare".

Outcome: LeaseEscaped with the worker's name in the log, and a crash each time, until it is "failed".
"""

from typing import Any

from shm.lease import Lease
from workers.worker import Worker


class KeepsViews(Worker):
    reads = "picture"
    before: Any = None

    def process(self, picture: Lease) -> None:
        self.before = picture.frame[10:20]
