"""A pose as the numbers that a ring carries."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float32]
POINTS = 33
LENGTH = POINTS * 5 + POINTS * 3 + 1


class Pose(NamedTuple):
    """`points` float32[33, 5]: x, y and z in pixels (z from the hips, nearer is less), visibility, presence;
    `world` float32[33, 3]: metres from the middle of the hips; score 0…1."""

    points: Points
    world: Points
    score: float


def pack(pose: Pose | None, target: npt.NDArray[np.float32]) -> None:
    """Into float32[265]; all zeros where there is nobody."""
    if pose is None:
        target[:] = 0
        return
    target[: POINTS * 5] = pose.points.ravel()
    target[POINTS * 5 : -1] = pose.world.ravel()
    target[-1] = pose.score


def unpack(numbers: npt.NDArray[np.float32]) -> Pose | None:
    """A copy; None where there is nobody."""
    if numbers[-1] == 0:
        return None
    points = numbers[: POINTS * 5].reshape(POINTS, 5).copy()
    return Pose(points, numbers[POINTS * 5 : -1].reshape(POINTS, 3).copy(), float(numbers[-1]))
