"""Frames that show whether they are whole: a time code, and below it one level that follows from it."""

from typing import Any

import numpy as np
import numpy.typing as npt

from workers.capture._time_code import draw_time_code, read_time_code, square

_LEVELS = 251  # a prime: slots that take turns do not see the same level again

Picture = npt.NDArray[np.uint8]


def paint(picture: Picture, number: int) -> None:
    """Fill a picture, uint8[H, W, 3], as frame `number`."""
    picture[:] = number % _LEVELS
    draw_time_code(picture, number)


def fault_of(picture: npt.NDArray[Any]) -> str | None:
    """What is wrong with what `stereo.layout: rgb+depth` made of such a frame and a flat depth map."""
    height, both, _ = picture.shape
    frame, depth = picture[:, : both // 2], picture[:, both // 2 :]
    number = read_time_code(frame)
    if number is None:
        return f"{both // 2}x{height}: no time code"
    below = frame[2 * square(both // 2) :]
    if not (below == number % _LEVELS).all():
        return f"{both // 2}x{height}: frame {number} has levels {np.unique(below)[:8]}"
    if not (depth == depth[0, 0]).all():
        return f"{both // 2}x{height}: the depth of frame {number} is not flat"
    return None
