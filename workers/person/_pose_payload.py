"""Poses as the numbers that a ring carries."""

from collections.abc import Sequence
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


def pack(poses: Sequence[Pose], target: npt.NDArray[np.float32]) -> None:
    """Into float32[people, 265], a row for each; zeros where there is nobody more."""
    target[:] = 0
    for pose, row in zip(poses, target, strict=False):
        row[: POINTS * 5] = pose.points.ravel()
        row[POINTS * 5 : -1] = pose.world.ravel()
        row[-1] = pose.score


def unpack(numbers: npt.NDArray[np.float32]) -> list[Pose]:
    """Copies of those that are there."""
    return [
        Pose(row[: POINTS * 5].reshape(POINTS, 5), row[POINTS * 5 : -1].reshape(POINTS, 3), float(row[-1]))
        for row in numbers.copy()
        if row[-1] > 0
    ]
