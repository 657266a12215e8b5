"""Takes every picture and shows it to nobody: for tests and for measuring all that comes before a sink."""

from shm.lease import Lease
from workers.worker import Worker


class Null(Worker):
    """Counts pictures and their age, like any sink."""

    reads = "picture"

    def process(self, picture: Lease) -> None:
        """There is nothing to do with it."""
