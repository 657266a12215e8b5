"""A part of a frame, and the mask of the whole frame that a part's mask goes into."""

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.float32]
LONGEST = 640  # pixels of the longer side of a mask of the whole frame


class Box(NamedTuple):
    """Of a frame, in pixels of its mask."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def size(self) -> tuple[int, int]:
        return self.bottom - self.top, self.right - self.left

    @property
    def area(self) -> int:
        return self.size[0] * self.size[1]

    def holds(self, other: "Box") -> bool:
        return other == other.within(self)

    def within(self, other: "Box") -> "Box":
        return Box(
            max(self.top, other.top),
            max(self.left, other.left),
            min(self.bottom, other.bottom),
            min(self.right, other.right),
        )

    def wider(self, share: float) -> "Box":
        """On all sides, by a share of the longer one."""
        by = round(share * max(self.size))
        return Box(self.top - by, self.left - by, self.bottom + by, self.right + by)

    def of(self, frame: Pixels) -> Pixels:
        high, wide = (n / small for n, small in zip(frame.shape, size_of(frame), strict=False))
        rows = slice(round(self.top * high), round(self.bottom * high))
        return frame[rows, round(self.left * wide) : round(self.right * wide)]


def size_of(frame: Pixels) -> tuple[int, int]:
    """Of a frame's mask: its shape, and as many pixels as masks need."""
    height, width = frame.shape[:2]
    smaller = min(1.0, LONGEST / max(height, width))
    return max(1, round(height * smaller)), max(1, round(width * smaller))


def put(mask: Mask, box: Box, whole: Pixels) -> None:
    """The box's mask into that of the frame, where nobody is outside of the box; 255 = person."""
    whole[:] = 0
    small = np.asarray(cv2.convertScaleAbs(mask, alpha=255.0), np.uint8)
    high, wide = box.size
    whole[box.top : box.bottom, box.left : box.right] = cv2.resize(small, (wide, high))
