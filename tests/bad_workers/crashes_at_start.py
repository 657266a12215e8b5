"""A sink that never gets as far as running.

Outcome: started again with back-off, "failed" after five times in a minute, said by name with the reason
in the log; everybody else goes on and never restarts.
"""

from workers.worker import Worker


class CrashesAtStart(Worker):
    reads = "picture"

    def open(self) -> None:
        raise RuntimeError("the projector is not plugged in")
