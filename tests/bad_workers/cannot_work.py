"""A sink that only its user can help.

Outcome: it is not started again and says why; a job that waits for each of its pictures ends.
"""

from workers.worker import CannotWork, Worker


class CannotWorkHere(Worker):
    reads = "picture"

    def open(self) -> None:
        raise CannotWork("projector.lamp: it is broken; buy another one")
