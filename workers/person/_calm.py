"""The mask over time: calm where nothing moves, at once where something does."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from workers.person._box import Box

Mask = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]
STILL, MOVING = 5.0, 16.0  # steps of grey by which a place changes: noise, and surely motion
AROUND = 9  # pixels of the mask: what is so near to motion moves, too
NOTHING = -1000.0  # a grey that no picture has


class Calm:
    """Keeps the last mask and the picture that it belongs to. Where the picture is the same, little of a new
    mask is taken; where it has changed, all of it. The kept picture follows at the same pace as the mask, so
    that slow changes add up to motion."""

    def __init__(self) -> None:
        self._mask = np.empty((0, 0), np.float32)
        self._grey = np.empty((0, 0), np.float32)
        self._box: Box | None = None
        self._around = np.ones((AROUND, AROUND), np.uint8)

    def __call__(self, mask: Mask, box: Box, picture: Pixels, strength: float) -> Mask:
        """The mask of `box` of the frame, and what the network saw there; `strength` is the share of the old
        mask that stays where nothing moves."""
        grey = cv2.blur(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), (3, 3)).astype(np.float32)
        if self._box is None:
            self._box, self._mask, self._grey = box, mask.copy(), grey
            return mask
        if (box, mask.shape) != (self._box, self._mask.shape):
            self._move(box, mask.shape)
        change = cv2.dilate(cv2.absdiff(grey, self._grey), self._around)
        taken = np.clip((change - STILL) / (MOVING - STILL), 1 - strength, 1).astype(np.float32)
        self._mask += taken * (mask - self._mask)
        self._grey += taken * (grey - self._grey)
        return self._mask

    def _move(self, box: Box, shape: tuple[int, ...]) -> None:
        """What is kept goes along to another box; where that is new, nothing is kept."""
        assert self._box is not None
        scale, shift = [], []
        old_shape = self._mask.shape
        for axis in (0, 1):
            old, new = self._box.size[axis] / old_shape[axis], box.size[axis] / shape[axis]
            scale.append(new / old)
            shift.append((box[axis] - self._box[axis] + new / 2) / old - 0.5)
        back: Any = np.array([[scale[1], 0, shift[1]], [0, scale[0], shift[0]]], np.float32)
        how: Any = {
            "dsize": (shape[1], shape[0]),
            "flags": cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            "borderMode": cv2.BORDER_CONSTANT,
        }
        self._mask = np.asarray(cv2.warpAffine(self._mask, back, **how), np.float32)
        self._grey = np.asarray(cv2.warpAffine(self._grey, back, **how, borderValue=NOTHING), np.float32)
        self._box = box
