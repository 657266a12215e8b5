"""What every background gives."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]


class Scenery(NamedTuple):
    """uint8[H, W, 3] each, RGB: what is behind, and its soft light."""

    behind: Pixels
    light: Pixels


def odd(pixels: float) -> int:
    """A box so large that has a middle."""
    return max(1, 2 * round(pixels / 2) + 1)
