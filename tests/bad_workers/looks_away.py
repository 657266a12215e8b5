"""A sink that nobody looks at while the file named in LOOKS_AWAY is there, like a minimised window.

Outcome: everything before it sleeps and costs nothing; it wakes as soon as somebody looks again.
"""

import os
from pathlib import Path

from shm.lease import Lease
from workers.worker import Step, Worker


class LooksAway(Worker):
    reads = "picture"
    looked_at = True

    def drive(self, step: Step) -> None:
        while not step.stopping:
            step.once(0.05)
            looked_at = not Path(os.environ["LOOKS_AWAY"]).exists()
            if looked_at != self.looked_at:
                self.looked_at = looked_at
                self.host.tell("looking", rings=["picture"] if looked_at else [])

    def process(self, picture: Lease) -> None:
        """It only has somebody who looks at it, or nobody."""
