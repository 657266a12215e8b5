"""What every background gives."""

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]


class Scenery(NamedTuple):
    """uint8[H, W, 3] each, RGB: what is behind, and its soft light; as large as the frame, or smaller where
    nothing in it is finer."""

    behind: Pixels
    light: Pixels

    def at(self, height: int, width: int) -> "Scenery":
        """As large as the frame."""
        behind = _at(self.behind, height, width)
        return Scenery(behind, behind if self.light is self.behind else _at(self.light, height, width))


def _at(pixels: Pixels, height: int, width: int) -> Pixels:
    if pixels.shape[:2] == (height, width):
        return pixels
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def odd(pixels: float) -> int:
    """A box so large that has a middle."""
    return max(1, 2 * round(pixels / 2) + 1)
