"""What every background gives."""

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
SMALLER = 4  # light is spread at so many times fewer pixels, each way
LIGHT_PERCENT = 3.0  # how far the background's light spreads, in percent of the width


class CannotShow(Exception):
    """A background that cannot be had; says what and why."""


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


def covering(picture: Pixels, height: int, width: int) -> Scenery:
    """With its own light."""
    behind = cover(picture, height, width)
    return Scenery(behind, light_of(behind))


def cover(picture: Pixels, height: int, width: int) -> Pixels:
    """Scaled until it covers everything, the middle of it."""
    scale = max(height / picture.shape[0], width / picture.shape[1])
    size = max(width, round(picture.shape[1] * scale)), max(height, round(picture.shape[0] * scale))
    scaled = picture
    if size != (picture.shape[1], picture.shape[0]):
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        scaled = np.asarray(cv2.resize(picture, size, interpolation=how), np.uint8)
    top, left = (size[1] - height) // 2, (size[0] - width) // 2
    return np.ascontiguousarray(scaled[top : top + height, left : left + width])


def light_of(behind: Pixels) -> Pixels:
    """What it shines on whoever stands before it."""
    height, width = behind.shape[:2]
    size = max(1, width // SMALLER), max(1, height // SMALLER)
    small = cv2.resize(behind, size, interpolation=cv2.INTER_LINEAR)
    box = odd(size[0] * LIGHT_PERCENT / 100)
    soft = cv2.blur(cv2.blur(small, (box, box)), (box, box))
    return np.asarray(cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


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
