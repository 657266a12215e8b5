"""Tells a scene cut from motion."""

import cv2
import numpy as np
import numpy.typing as npt

DIFFERENT = 0.5  # histograms that have less in common than this show different scenes
CHANGED = 25.0  # mean absolute difference of grey levels, of 255


def is_cut(before: npt.NDArray[np.uint8], now: npt.NDArray[np.uint8]) -> bool:
    """Two grey pictures, uint8[h, w]. A cut changes the picture everywhere and what it is made of; motion
    changes the one, a flash of light mostly the other."""
    if before.shape != now.shape:
        return True
    if float(cv2.absdiff(before[::2, ::2], now[::2, ::2]).mean()) < CHANGED:
        return False
    in_common = np.minimum(_histogram(before), _histogram(now)).sum()
    return float(in_common) < DIFFERENT


def _histogram(grey: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """Shares of 32 grey levels."""
    return np.bincount(grey.ravel() >> 3, minlength=32) / grey.size
