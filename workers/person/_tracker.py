"""Follows bodies from frame to frame."""

from math import inf

from workers.person._followed import Followed, seen_once
from workers.person._pose_networks import Detector, Landmarks
from workers.person._pose_payload import Pose
from workers.person._pose_region import Pixels, Region, Size

LOOK_EVERY = 10  # frames, for somebody else while somebody is followed; it takes as long as to follow one
NOBODY_FOR, LOOK_AGAIN = 1.0, 0.1  # seconds; an empty room is looked at less often


class Tracker:
    """The detector looks when nobody is followed, and now and then while there may be more people. Of one
    person all is as in MediaPipe: who is lost in a frame is looked for in the next. Only when nobody has been
    there for a second it looks ten times a second, no longer at every frame."""

    def __init__(self, detector: Detector, landmarks: Landmarks, people: int = 1) -> None:
        self._detector, self._landmarks, self._people = detector, landmarks, people
        self._followed: list[Followed] = []
        self._frames = 0
        self._seen = self._looked = -inf

    def __call__(self, frame: Pixels, at: float) -> list[Pose]:
        """`at` in seconds."""
        self._frames, size = self._frames + 1, Size.of(frame)
        missing = self._people - len(self._followed)
        if self._frames == 1:
            self._seen = at  # as if somebody had just left
        if self._is_to_look(at):
            self._looked = at
            self._followed += [Followed(region) for region in self._new_regions(frame)[:missing]]
        poses, kept = list[Pose](), list[Followed]()
        for one in self._followed:
            pose = one.look(frame, at, self._landmarks)
            if pose is not None and not _is_known(one.region, kept, size):
                poses.append(pose)
                kept.append(one)
        self._followed = kept
        if kept:
            self._seen = at
        return poses

    def _is_to_look(self, at: float) -> bool:
        if self._followed:
            return len(self._followed) < self._people and self._frames % LOOK_EVERY == 0
        return abs(at - self._seen) < NOBODY_FOR or abs(at - self._looked) >= LOOK_AGAIN

    def _new_regions(self, frame: Pixels) -> list[Region]:
        size = Size.of(frame)
        return [region for region in self._detector(frame) if not _is_known(region, self._followed, size)]


def poses_in(picture: Pixels, detector: Detector, landmarks: Landmarks, people: int) -> list[Pose]:
    """Of a picture by itself, the surest first."""
    found = (seen_once(picture, region, landmarks) for region in detector(picture)[:people])
    return [pose for pose in found if pose is not None]


def _is_known(region: Region, known: list[Followed], size: Size) -> bool:
    return any(region.is_of(one.region, size) for one in known)
