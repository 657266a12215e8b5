"""Draws a pose: bones, joints, and the angles of elbows and knees as one sees them."""

import cv2
import numpy as np
import numpy.typing as npt

from workers.person._body import BONES, JOINTS, joint_angles
from workers.person._pose_payload import Pose

RED, WHITE, BLACK = (255, 40, 40), (255, 255, 255), (0, 0, 0)
VISIBLE = 0.5
LABELLED = ("left elbow", "right elbow", "left knee", "right knee")


def draw(pose: Pose, picture: npt.NDArray[np.uint8]) -> None:
    """In place. What the network does not think to be visible is left out."""
    thick = max(1, round(picture.shape[0] / 240))
    at = [(round(float(x)), round(float(y))) for x, y in pose.points[:, :2]]
    seen = pose.points[:, 3] > VISIBLE
    for one, other in BONES:
        if seen[one] and seen[other]:
            cv2.line(picture, at[one], at[other], WHITE, thick, cv2.LINE_AA)
    for place in np.flatnonzero(seen):
        cv2.circle(picture, at[place], thick + 1, RED, -1, cv2.LINE_AA)
    angles = joint_angles(pose.points[:, :2])  # as one sees them; the depth of points is the least sure
    for name in LABELLED:
        if name in angles and seen[list(JOINTS[name])].all():
            _label(picture, f"{angles[name]:.0f}", at[JOINTS[name][1]], thick)


def _label(picture: npt.NDArray[np.uint8], text: str, at: tuple[int, int], thick: int) -> None:
    """Readable on anything: white with a black outline."""
    place = at[0] + 4 * thick, at[1] - 4 * thick
    for colour, width in ((BLACK, 3 * thick), (WHITE, thick)):
        cv2.putText(picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.4 * thick, colour, width, cv2.LINE_AA)
