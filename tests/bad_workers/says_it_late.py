"""A sink whose log line comes long after it was said.

Outcome: the log has the moment at which it was said, to the millisecond.
"""

import logging

from workers.worker import Worker


class SaysItLate(Worker):
    reads = "picture"

    def open(self) -> None:
        said = {"levelno": logging.INFO, "msg": "a quarter past", "created": 1_000_000_000.25}
        self.log.handle(logging.makeLogRecord(said))
