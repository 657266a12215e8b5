"""Follows bodies from frame to frame."""

from workers.person._followed import Followed, seen_once
from workers.person._pose_networks import Detector, Landmarks
from workers.person._pose_payload import Pose
from workers.person._pose_region import Pixels, Region, Size

LOOK_EVERY = 10  # frames, for somebody else while somebody is followed; it takes as long as to follow one


class Tracker:
    """The detector looks when nobody is followed, and now and then while there may be more people. Of one
    person all is as in MediaPipe: who is lost in a frame is looked for in the next."""

    def __init__(self, detector: Detector, landmarks: Landmarks, people: int = 1) -> None:
        self._detector, self._landmarks, self._people = detector, landmarks, people
        self._followed: list[Followed] = []
        self._frames = 0

    def __call__(self, frame: Pixels, at: float) -> list[Pose]:
        """`at` in seconds."""
        self._frames, size = self._frames + 1, Size.of(frame)
        missing = self._people - len(self._followed)
        if not self._followed or (missing and self._frames % LOOK_EVERY == 0):
            self._followed += [Followed(region) for region in self._new_regions(frame)[:missing]]
        poses, kept = list[Pose](), list[Followed]()
        for one in self._followed:
            pose = one.look(frame, at, self._landmarks)
            if pose is not None and not _is_known(one.region, kept, size):
                poses.append(pose)
                kept.append(one)
        self._followed = kept
        return poses

    def _new_regions(self, frame: Pixels) -> list[Region]:
        size = Size.of(frame)
        return [region for region in self._detector(frame) if not _is_known(region, self._followed, size)]


def poses_in(picture: Pixels, detector: Detector, landmarks: Landmarks, people: int) -> list[Pose]:
    """Of a picture by itself, the surest first."""
    found = (seen_once(picture, region, landmarks) for region in detector(picture)[:people])
    return [pose for pose in found if pose is not None]


def _is_known(region: Region, known: list[Followed], size: Size) -> bool:
    return any(region.is_of(one.region, size) for one in known)
