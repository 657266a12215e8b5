"""The mask over time: calm where nothing moves, at once where something does."""

import cv2
import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]
STILL, MOVING = 5.0, 16.0  # steps of grey by which a place changes: noise, and surely motion
AROUND = 9  # pixels of the mask: what is so near to motion moves, too


class Calm:
    """Keeps the last mask and the picture that it belongs to. Where the picture is the same, little of a new
    mask is taken; where it has changed, all of it. The kept picture follows at the same pace as the mask, so
    that slow changes add up to motion."""

    def __init__(self) -> None:
        self._mask = np.empty((0, 0), np.float32)
        self._grey = np.empty((0, 0), np.float32)
        self._around = np.ones((AROUND, AROUND), np.uint8)

    def __call__(self, mask: Mask, picture: Pixels, strength: float) -> Mask:
        """`strength` is the share of the old mask that stays where nothing moves."""
        grey = cv2.blur(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), (3, 3)).astype(np.float32)
        if mask.shape != self._mask.shape:
            self._mask, self._grey = mask.copy(), grey
            return mask
        change = cv2.dilate(cv2.absdiff(grey, self._grey), self._around)
        taken = np.clip((change - STILL) / (MOVING - STILL), 1 - strength, 1).astype(np.float32)
        self._mask += taken * (mask - self._mask)
        self._grey += taken * (grey - self._grey)
        return self._mask
