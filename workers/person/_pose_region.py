"""The turned square of a frame in which a body is."""

import math
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from workers.person._pose_kernels import direction, places

Pixels = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float32]
F = np.float32
ROOM = F(1.25)  # the square is so much larger than the body
SAME = 0.1  # of the side
UPRIGHT = F(math.pi / 2)
LONGEST = 32766  # pixels of a side, from which OpenCV moves some; of larger frames every so many are enough


class Size(NamedTuple):
    """Of a frame, in pixels."""

    width: int
    height: int

    @classmethod
    def of(cls, frame: Pixels) -> "Size":
        return cls(frame.shape[1], frame.shape[0])

    @property
    def each(self) -> Points:
        """What x, y and z of a point, 0…1 in a frame, are multiplied with to be pixels."""
        return np.array([self.width, self.height, self.width], F)


class Region(NamedTuple):
    """Middle and sides, each 0…1 in the frame; turned by `angle` (radians, clockwise on the screen), so that
    the body stands upright in it. All of 32 bits, as MediaPipe's."""

    x: np.float32
    y: np.float32
    width: np.float32
    height: np.float32
    angle: np.float32

    @classmethod
    def whole(cls, size: Size) -> "Region":
        """The square around a frame."""
        side = F(max(size))
        return cls(F(0.5), F(0.5), side / size.width, side / size.height, F(0))

    def cut(self, frame: Pixels, pixels: int, around: int = cv2.BORDER_REPLICATE) -> Pixels:
        """What is in it, uint8[pixels, pixels, 3]."""
        step = -(-max(frame.shape) // LONGEST)
        if step > 1:
            frame = np.ascontiguousarray(frame[::step, ::step])
        corners = self._corners(Size.of(frame))
        there = np.array([[0, pixels], [0, 0], [pixels, 0], [pixels, pixels]], F)
        turn = cv2.invert(cv2.getPerspectiveTransform(corners, there))[1].astype(np.float64)
        at, between = places(turn, pixels)
        cut = cv2.remap(frame, at, between, cv2.INTER_LINEAR, borderMode=around)
        return np.asarray(cut, np.uint8)

    def to_frame(self, points: Points, size: Size) -> Points:
        """x, y and z of points [n, 3+], 0…1 in the square, become such of the frame; the rest stays."""
        points = self._unpadded(points, size)
        cos, sin = F(math.cos(self.angle)), F(math.sin(self.angle))
        x, y = points[:, 0] - F(0.5), points[:, 1] - F(0.5)
        points[:, 0] = (cos * x - sin * y) * self.width + self.x
        points[:, 1] = (sin * x + cos * y) * self.height + self.y
        points[:, 2] *= self.width
        return points

    def turned(self, points: Points) -> Points:
        """Points [n, 3] in metres around the hips, upright as in the square, as the frame has them."""
        cos, sin = F(math.cos(self.angle)), F(math.sin(self.angle))
        turned = points.copy()
        turned[:, 0] = cos * points[:, 0] - sin * points[:, 1]
        turned[:, 1] = sin * points[:, 0] + cos * points[:, 1]
        return turned

    def pixels(self, size: Size) -> float:
        """Its side."""
        return float((self.width * size.width + self.height * size.height) / F(2))

    def is_of(self, other: "Region", size: Size) -> bool:
        """It is another look at the same body: the hips are at the same place. Those of people who stand arm
        in arm are not, though their squares are nearly the same."""
        across = float(self.x - other.x) * size.width
        down = float(self.y - other.y) * size.height
        return math.hypot(across, down) < SAME * self.pixels(size)

    def with_room(self, size: Size) -> "Region":
        """Larger, so that hands and feet are in it."""
        side = max(self.width * size.width, self.height * size.height)
        return self._replace(width=side / size.width * ROOM, height=side / size.height * ROOM)

    def _corners(self, size: Size) -> Points:
        """Three and the fourth, in pixels: below left, above left, above right, below right."""
        side = max(self.width * size.width, self.height * size.height)
        x, y = self.x * size.width, self.y * size.height
        degrees = F(float(self.angle * F(180)) / math.pi)
        angle = float(degrees) * math.pi / 180
        down, across = F(math.cos(angle)) * F(0.5) * side, F(math.sin(angle)) * F(0.5) * side
        below, above = (x - across - down, y + down - across), (x + across - down, y - down - across)
        opposite = [(F(2) * x - corner[0], F(2) * y - corner[1]) for corner in (below, above)]
        return np.array([below, above, *opposite], F)

    def _unpadded(self, points: Points, size: Size) -> Points:
        """A square whose sides differ in the last bit was cut with so much more around it."""
        wide, high = self.width * size.width, self.height * size.height
        share = high / wide
        left = (F(1) - F(1) / share) / F(2) if share > 1 else F(0)
        top = (F(1) - share) / F(2) if share < 1 else F(0)
        found = points.copy()
        found[:, 0] = (points[:, 0] - left) / (F(1) - (left + left))
        found[:, 1] = (points[:, 1] - top) / (F(1) - (top + top))
        return found


def region_of(middle: Points, above: Points, size: Size) -> Region:
    """The square around a body whose hips are at `middle`; a circle around them through `above`, which lies
    in the direction of the head, has the whole body in it. Both 0…1 in the frame."""
    x, y = middle[0] * size.width, middle[1] * size.height
    across, down = above[0] * size.width - x, above[1] * size.height - y
    side = F(2) * np.sqrt(across * across + down * down)
    angle = float(UPRIGHT - F(direction(across, -down)))
    angle -= 2 * math.pi * math.floor((angle + math.pi) / (2 * math.pi))
    return Region(x / size.width, y / size.height, side / size.width, side / size.height, F(angle))
