"""A sink with a knob, like the keys of a window: at its tenth picture it sets another layout.

Outcome: every worker that sees this setting has it, also one that is started later.
"""

from shm.lease import Lease
from workers.worker import Worker


class TurnsKnobs(Worker):
    reads = "picture"
    shares = ("stereo",)
    shown = 0

    def process(self, picture: Lease) -> None:
        self.shown += 1
        if self.shown == 10:
            self.host.tell("set", section="stereo", key="layout", value="depth")
