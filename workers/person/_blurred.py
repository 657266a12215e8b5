"""The room itself as the background: blurred, and without the person."""

import cv2
import numpy as np
import numpy.typing as npt

from workers.person._scenery import Pixels, Scenery, odd
from workers.person._weigh import unweigh, weigh

SMALLER = 4  # the background is blurred at so many times fewer pixels, each way
SPREAD = 2  # pixels at that size by which the person is kept out of the blur beyond the mask
SURELY_NOT = 26  # a mask value; up to it a pixel is taken for background
FROM_AFAR = np.float32(0.01)  # what is far away counts so much, where there is something near


class Blurred:
    """The room itself, blurred without the person: each place is the mean of what is background around."""

    def __init__(self, percent: float) -> None:
        """`percent` of the width is how far a point spreads."""
        self._percent = percent

    def __call__(self, frame: Pixels, mask: Pixels) -> Scenery:
        """As small as it is computed; nothing in it is finer."""
        height, width = frame.shape[:2]
        size = max(1, width // SMALLER), max(1, height // SMALLER)
        small = np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)
        weighed = np.empty((size[1], size[0], 4), np.float32)
        weigh(small, _keep_out(mask, size), weighed)
        box = odd(size[0] * self._percent / 100)
        for _ in range(3):  # three boxes are nearly a bell
            weighed = cv2.blur(weighed, (box, box), borderType=cv2.BORDER_REPLICATE)
        weighed = np.asarray(weighed + FROM_AFAR * _far_around(weighed), np.float32)
        unweigh(weighed, small)
        return Scenery(small, small)


def _far_around(weighed: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The same from ever farther away, and ever fainter, for places that have nothing but the person near."""
    rows, columns = weighed.shape[:2]
    size = max(1, columns // SMALLER), max(1, rows // SMALLER)
    coarse = cv2.resize(weighed, size, interpolation=cv2.INTER_AREA)
    far = np.zeros_like(coarse)
    box = odd(size[0] / 8)
    for fainter in (1.0, FROM_AFAR, FROM_AFAR**2):
        coarse = cv2.blur(cv2.blur(coarse, (box, box)), (box, box))
        far = far + np.float32(fainter) * coarse
        box = odd(2 * box)
    return np.asarray(cv2.resize(far, (columns, rows), interpolation=cv2.INTER_LINEAR), np.float32)


def _keep_out(mask: Pixels, size: tuple[int, int]) -> Pixels:
    """255 where something of the person may be, with what is beside it."""
    mask = np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    maybe = np.asarray(cv2.threshold(mask, SURELY_NOT, 255, cv2.THRESH_BINARY)[1], np.uint8)
    return np.asarray(cv2.dilate(maybe, np.ones((2 * SPREAD + 1, 2 * SPREAD + 1), np.uint8)), np.uint8)
