"""Somebody who is followed from frame to frame."""

from workers.person._one_euro import OneEuro
from workers.person._pose_networks import SURE, Landmarks
from workers.person._pose_payload import Pose
from workers.person._pose_region import Pixels, Points, Region, Size, region_of

VISIBLE = 0.1  # of a new visibility is taken


class Followed:
    """The points say where to look next."""

    def __init__(self, region: Region) -> None:
        self.region = region
        self._visibility: Points | None = None
        self._points, self._next = OneEuro(0.05, 80), OneEuro(0.01, 10)  # as MediaPipe has them
        self._world = OneEuro(0.1, 40)

    def look(self, frame: Pixels, at: float, landmarks: Landmarks) -> Pose | None:
        """None: he is there no more. `at` in seconds."""
        size, region = Size.of(frame), self.region
        found = landmarks(frame, region)
        if found.score <= SURE:
            return None
        points, auxiliary = found.points.copy(), found.auxiliary[:, :3]
        body = region_of(auxiliary[0], auxiliary[1], size).pixels(size)
        points[:, :3] = self._points(points[:, :3] * size.each, at, body)
        middle, above = self._next(auxiliary * size.each, at, body) / size.each
        self.region = region_of(middle, above, size).with_room(size)
        if self._visibility is None:
            self._visibility = points[:, 3].copy()
        self._visibility += VISIBLE * (points[:, 3] - self._visibility)
        points[:, 3] = self._visibility
        return Pose(points, self._world(found.world, at), found.score)


def seen_once(frame: Pixels, region: Region, landmarks: Landmarks) -> Pose | None:
    """In a picture that no other comes after: nothing is smoothed."""
    found = landmarks(frame, region)
    if found.score <= SURE:
        return None
    points = found.points.copy()
    points[:, :3] *= Size.of(frame).each
    return Pose(points, found.world, found.score)
