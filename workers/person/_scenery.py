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
        """As wide as the frame, and as high, but one row remains one: all would be alike."""
        behind = _at(self.behind, height, width)
        return Scenery(behind, behind if self.light is self.behind else _at(self.light, height, width))

    def shifted(self, share: float) -> "Scenery":
        """Seen from beside: what lies so much of the width to the right is in the middle."""
        behind = _shifted(self.behind, share)
        return Scenery(behind, behind if self.light is self.behind else _shifted(self.light, share))


def _shifted(pixels: Pixels, share: float) -> Pixels:
    height, width = pixels.shape[:2]
    back = np.array([[1, 0, share * width], [0, 1, 0]], np.float32)
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(pixels, back, (width, height), flags=how, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.uint8)


def _at(pixels: Pixels, height: int, width: int) -> Pixels:
    height = height if pixels.shape[0] > 1 else 1
    if pixels.shape[:2] == (height, width):
        return pixels
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def odd(pixels: float) -> int:
    """A box so large that has a middle."""
    return max(1, 2 * round(pixels / 2) + 1)
