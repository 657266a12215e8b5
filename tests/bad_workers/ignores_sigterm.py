"""A sink that takes its time to start and ignores every signal that can be ignored.

Outcome: killed when the launcher stops, within its two seconds.
"""

import signal
import threading

from workers.worker import Worker


class IgnoresSigterm(Worker):
    reads = "picture"

    def open(self) -> None:
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        self.log.info("ignoring signals")
        with self.host.busy("sulking", limit=600):
            threading.Event().wait()
