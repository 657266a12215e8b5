"""Joins a frame with the nearness map that was made from it and lays out the picture."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt

from shm.lease import Lease, OpenSlot
from workers.worker import Worker


class Compose(Worker):
    """nearness float32[h, w] + frame uint8[H, W, 3] → picture uint8[H, W or 2W, 3]."""

    reads, joins = "nearness", "frame"
    writes = {"picture": "RGB"}

    @classmethod
    def sizes(cls, settings: SimpleNamespace, rings: Mapping[str, int]) -> dict[str, int]:
        return {"picture": 2 * rings["frame"]}  # the layout may change live

    def process(self, nearness: Lease, frame: Lease, picture: OpenSlot) -> None:
        height, width = frame.info.shape[:2]
        depth = grey_of(nearness.frame, height, width)
        if self.settings.stereo.layout == "depth":
            picture.view((height, width, 3))[:] = depth[..., None]
            return
        target = picture.view((height, 2 * width, 3))
        target[:, :width] = frame.frame
        target[:, width:] = depth[..., None]


def grey_of(nearness: npt.NDArray[np.float32], height: int, width: int) -> npt.NDArray[np.uint8]:
    """The map at full size for a person to look at, white = near, uint8[height, width]."""
    grey: npt.NDArray[Any] = (nearness * 255).astype(np.uint8)
    rows = np.arange(height) * grey.shape[0] // height
    columns = np.arange(width) * grey.shape[1] // width
    return np.asarray(grey[rows][:, columns])
