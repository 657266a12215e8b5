"""The turned square of a frame in which a body is."""

import math
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float32]
ROOM = 1.25  # the square is so much larger than the body


class Region(NamedTuple):
    """Middle and side in pixels; turned by `angle` (radians, clockwise on the screen), so that the body
    stands upright in it."""

    x: float
    y: float
    side: float
    angle: float

    def cut(self, frame: Pixels, size: int, around: int = cv2.BORDER_REPLICATE) -> Pixels:
        """What is in it, uint8[size, size, 3], as the networks were trained with it: by the corners."""
        across, down = self._sides()
        corner = np.array([self.x, self.y]) - across / 2 - down / 2
        corners = np.array([corner, corner + across, corner + down], np.float32)
        there = np.array([[0, 0], [size, 0], [0, size]], np.float32)
        turn = cv2.getAffineTransform(corners, there)
        cut = cv2.warpAffine(frame, turn, (size, size), flags=cv2.INTER_LINEAR, borderMode=around)
        return np.asarray(cut, np.uint8)

    def to_frame(self, points: Points) -> Points:
        """x, y and z of points [n, 3+], 0…1 in the square, become pixels of the frame; the rest stays."""
        across, down = self._sides()
        placed = points.copy()
        at = points[:, :2] - 0.5
        placed[:, 0] = self.x + at[:, 0] * across[0] + at[:, 1] * down[0]
        placed[:, 1] = self.y + at[:, 0] * across[1] + at[:, 1] * down[1]
        placed[:, 2] = points[:, 2] * self.side
        return placed

    def turned(self, points: Points) -> Points:
        """Points [n, 3] in metres around the hips, upright as in the square, as the frame has them."""
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        turned = points.copy()
        turned[:, 0] = cos * points[:, 0] - sin * points[:, 1]
        turned[:, 1] = sin * points[:, 0] + cos * points[:, 1]
        return turned

    def _sides(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Its upper and its left side, as vectors in the frame."""
        cos, sin = math.cos(self.angle) * self.side, math.sin(self.angle) * self.side
        return np.array([cos, sin]), np.array([-sin, cos])


def region_of(middle: Points, above: Points) -> Region:
    """The square around a body whose hips are at `middle`; a circle around them through `above`, which lies
    in the direction of the head, has the whole body in it."""
    x, y = float(above[0] - middle[0]), float(above[1] - middle[1])
    angle = math.pi / 2 - math.atan2(-y, x)
    angle -= 2 * math.pi * math.floor((angle + math.pi) / (2 * math.pi))
    return Region(float(middle[0]), float(middle[1]), 2 * ROOM * math.hypot(x, y), angle)
