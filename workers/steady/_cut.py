"""Tells a scene cut from motion."""

import cv2
import numpy as np
import numpy.typing as npt

DIFFERENT = 0.5  # histograms that have less in common than this show different scenes
UNLIKE, NO_SHIFT = 0.7, 0.25  # … and less than this, if no shift makes one picture of the other
THUMBNAIL = (80, 48)  # columns, rows
CHANGED = 25.0  # mean absolute difference of grey levels, of 255


def is_cut(before: npt.NDArray[np.uint8], now: npt.NDArray[np.uint8]) -> bool:
    """Two grey pictures, uint8[h, w]. A cut changes the picture everywhere and what it is made of; motion
    changes the one, a flash of light mostly the other."""
    if before.shape != now.shape:
        return True
    if cv2.norm(before, now, cv2.NORM_L1) < CHANGED * now.size:
        return False
    in_common = float(np.minimum(_histogram(before), _histogram(now)).sum())
    return in_common < DIFFERENT or (in_common < UNLIKE and _shift_peak(before, now) < NO_SHIFT)


def _shift_peak(before: npt.NDArray[np.uint8], now: npt.NDArray[np.uint8]) -> float:
    """1 when one picture is the other, shifted; near 0 when no shift explains it (phase correlation)."""
    small = [
        cv2.resize(grey, THUMBNAIL, interpolation=cv2.INTER_AREA).astype(np.float32) for grey in (before, now)
    ]
    return float(cv2.phaseCorrelate(small[0], small[1], cv2.createHanningWindow(THUMBNAIL, cv2.CV_32F))[1])


def _histogram(grey: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """Shares of 32 grey levels."""
    return np.bincount(grey.ravel() >> 3, minlength=32) / grey.size
