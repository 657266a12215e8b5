"""A sink that waits for ever for its device, though it had promised to have it within half a second.

Outcome: killed when the time that it had asked for is over, with what it was doing in the log.
"""

import threading

from workers.worker import Worker


class HangsInOpen(Worker):
    reads = "picture"

    def open(self) -> None:
        with self.host.busy("looking for the device", limit=0.5):
            threading.Event().wait()
