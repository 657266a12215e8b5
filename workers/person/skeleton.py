"""Draws the poses over their frame."""

from collections.abc import Mapping
from types import SimpleNamespace

import numpy as np

from shm.lease import Lease, OpenSlot
from workers.person._bones import draw
from workers.person._pose_payload import unpack
from workers.worker import Worker


class Skeleton(Worker):
    """pose float32[people, 265] + frame uint8[H, W, 3] → picture uint8[H, W, 3]."""

    reads, joins = "pose", "frame"
    writes = {"picture": "RGB"}

    @classmethod
    def sizes(cls, settings: SimpleNamespace, rings: Mapping[str, int]) -> dict[str, int]:
        return {"picture": rings["frame"]}

    def process(self, pose: Lease, frame: Lease, picture: OpenSlot) -> None:
        target = picture.view(frame.info.shape)
        np.copyto(target, frame.frame)
        for one in unpack(pose.frame):
            draw(one, target)
