"""A sink that has something to finish: it writes a last line into the file named in GOODBYE when it closes.

Outcome: whatever stops the launcher, its workers get to close in good order first.
"""

import os
from pathlib import Path

from shm.lease import Lease
from workers.worker import Worker


class SaysGoodbye(Worker):
    reads = "picture"

    def process(self, picture: Lease) -> None:
        """It only wants to finish."""

    def close(self) -> None:
        Path(os.environ["GOODBYE"]).write_text("finished in good order")
