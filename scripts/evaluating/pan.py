"""How much a network's map flickers while a picture moves past: a window of 192 x 320 goes 3 px to the right
from frame to frame, and what two frames both show is compared."""

from collections.abc import Callable, Iterable

import cv2
import numpy as np
import numpy.typing as npt

ROWS, COLUMNS = 192, 320
STEP, FRAMES = 3, 24  # px, frames

Picture = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


def frames_of(picture: Picture) -> list[Picture]:
    """The window's way over a picture uint8[h, w, 3]."""
    wide = COLUMNS + STEP * (FRAMES - 1)
    scale = max(wide / picture.shape[1], ROWS / picture.shape[0])
    size = (max(wide, round(picture.shape[1] * scale)), max(ROWS, round(picture.shape[0] * scale)))
    whole = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    top = (whole.shape[0] - ROWS) // 2
    return [
        np.ascontiguousarray(whole[top : top + ROWS, x : x + COLUMNS]) for x in range(0, FRAMES * STEP, STEP)
    ]


def jitter(run: Callable[[Picture], Floats], frames: Iterable[Picture]) -> float:
    """Mean change of a place between two frames, in percent of the map's range (1st to 99th percentile)."""
    maps = np.stack([run(frame) for frame in frames])
    low, high = np.quantile(maps, (0.01, 0.99))
    change = np.abs(maps[1:, :, :-STEP] - maps[:-1, :, STEP:]).mean()
    return float(100 * change / max(high - low, 1e-9))
