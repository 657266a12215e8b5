"""In the place of depth: takes the red channel for depth, and has no device to do it on while the file named
in LOSES_ITS_DEVICE is there.

Outcome: it is given up, and the picture goes on at capture rate with its last map.
"""

import os
from pathlib import Path

import numpy as np

from shm.lease import Lease, OpenSlot
from workers.worker import Worker


class LosesItsDevice(Worker):
    reads = "small"
    writes = {"depth": "relative"}

    def open(self) -> None:
        self._look_for_it()

    def process(self, small: Lease, depth: OpenSlot) -> None:
        self._look_for_it()
        depth.view(small.frame.shape[:2], np.float32)[:] = small.frame[..., 0]

    def _look_for_it(self) -> None:
        if Path(os.environ["LOSES_ITS_DEVICE"]).exists():
            raise RuntimeError("the device is lost")
