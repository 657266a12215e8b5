"""Poses as JSON: points with their names, and the angles of joints."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from workers.person._body import NAMES, joint_angles
from workers.person._pose_payload import Pose

Words = dict[str, Any]


def words_of(poses: Sequence[Pose], **besides: Any) -> bytes:
    """One line. `besides` is what else is to be said of the picture."""
    return json.dumps({**besides, "people": [_person(pose) for pose in poses]}).encode()


def ms(times: Mapping[str, float]) -> Words:
    """Of seconds."""
    return {name: round(spent * 1e3, 2) for name, spent in times.items()}


def _person(pose: Pose) -> Words:
    """`points` in pixels of the picture, z from the hips, nearer is less; `world` in metres from the middle
    of the hips; `angles` in degrees, of the latter."""
    points = [
        {"name": name, **_rounded("x y z visibility presence", point, 3)}
        for name, point in zip(NAMES, pose.points, strict=True)
    ]
    world = [
        {"name": name, **_rounded("x y z", point, 4)} for name, point in zip(NAMES, pose.world, strict=True)
    ]
    angles = {name: round(angle, 1) for name, angle in joint_angles(pose.world).items()}
    return {"score": round(pose.score, 4), "points": points, "world": world, "angles": angles}


def _rounded(names: str, values: Any, digits: int) -> dict[str, float]:
    return {name: round(float(value), digits) for name, value in zip(names.split(), values, strict=True)}
