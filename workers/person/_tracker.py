"""Follows one body from frame to frame."""

import numpy as np

from workers.person._one_euro import OneEuro
from workers.person._pose_networks import AUXILIARY, POINTS, Detector, Landmarks
from workers.person._pose_payload import Pose
from workers.person._pose_region import Pixels, Region, region_of

SURE = 0.5
VISIBLE = 0.1  # of a new visibility is taken


class Tracker:
    """The detector looks only when nobody is followed; then the points themselves say where to look next."""

    def __init__(self, detector: Detector, landmarks: Landmarks) -> None:
        self._detector, self._landmarks = detector, landmarks
        self._region: Region | None = None
        self._is_new = True
        self._visibility = np.zeros(POINTS, np.float32)
        self._points, self._auxiliary, self._world = _filters()

    def __call__(self, frame: Pixels, at: float) -> Pose | None:
        """`at` in seconds."""
        followed = self._region is not None
        pose = self._look(frame, at, self._region or self._detector(frame))
        if pose is None and followed:
            self._lose()
            pose = self._look(frame, at, self._detector(frame))
        return pose

    def _look(self, frame: Pixels, at: float, region: Region | None) -> Pose | None:
        if region is None:
            return None
        found = self._landmarks(frame, region)
        if found.score < SURE:
            return None
        both = region.to_frame(np.concatenate([found.points, found.auxiliary]))
        points, auxiliary = both[:-AUXILIARY], both[-AUXILIARY:]
        next_region = region_of(auxiliary[0, :2], auxiliary[1, :2])
        points[:, :3] = self._points(points[:, :3], at, next_region.side)
        auxiliary = self._auxiliary(auxiliary[:, :2], at, next_region.side)
        self._region = region_of(auxiliary[0], auxiliary[1])
        taken = 1.0 if self._is_new else VISIBLE
        self._is_new = False
        self._visibility = self._visibility + taken * (points[:, 3] - self._visibility)
        points[:, 3] = self._visibility
        return Pose(points, self._world(region.turned(found.world), at), found.score)

    def _lose(self) -> None:
        """Whoever comes next is somebody else."""
        self._region, self._is_new = None, True
        self._points, self._auxiliary, self._world = _filters()


def _filters() -> tuple[OneEuro, OneEuro, OneEuro]:
    """Of the points, of those that say where to look next, and of those in metres; as MediaPipe has them."""
    return OneEuro(0.05, 80), OneEuro(0.01, 10), OneEuro(0.1, 40)
