"""A sink that is busy with one picture for ten minutes and looks at no control message meanwhile.

Outcome: not taken for hung, for it has said so; killed when the launcher stops, within its two seconds.
"""

import signal
import threading

from shm.lease import Lease
from workers.worker import Worker


class IgnoresStop(Worker):
    reads = "picture"

    def process(self, picture: Lease) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        with self.host.busy("counting pixels", limit=600):
            threading.Event().wait()
