"""A sink that blocks in a C function which holds Python's lock: no other thread of it runs, no signal
handler, nothing beats.

Outcome: killed and started again like any other that hangs.
"""

import ctypes

from shm.lease import Lease
from workers.worker import Worker


class Silent(Worker):
    reads = "picture"

    def process(self, picture: Lease) -> None:
        ctypes.PyDLL(None).sleep(3600)
