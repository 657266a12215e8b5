"""A number drawn into a picture, so that whoever sees the picture knows which frame it is.

32 squares in the top left corner, the lowest bit first, white for one; below them their inverse, which
tells a time code from a picture and survives scaling, JPEG and video codecs.
"""

import numpy as np
import numpy.typing as npt

BITS = 32
_WEIGHTS = 1 << np.arange(BITS, dtype=np.uint64)


def square(width: int) -> int:
    """Side of one square in a picture of this width: the code fills an eighth to a quarter of it."""
    return max(2, width // (4 * BITS))


def draw_time_code(frame: npt.NDArray[np.uint8], number: int) -> None:
    """Draw `number` (0 … 2³²-1) into a picture, uint8[H, W, C], in place."""
    side = square(frame.shape[1])
    bits = np.where(np.uint64(number) & _WEIGHTS, 255, 0).astype(np.uint8)
    row = np.repeat(bits, side)[:, None]
    frame[:side, : BITS * side] = row
    frame[side : 2 * side, : BITS * side] = 255 - row


def read_time_code(frame: npt.NDArray[np.uint8]) -> int | None:
    """The number in a picture, uint8[H, W] or [H, W, C]; None where there is none."""
    side = square(frame.shape[1])
    grey = frame if frame.ndim == 2 else frame[..., 1]
    centres = np.arange(BITS) * side + side // 2
    bits, inverse = grey[side // 2, centres] > 127, grey[side + side // 2, centres] > 127
    if (bits == inverse).any():
        return None
    return int(_WEIGHTS[bits].sum())
