"""What MediaPipe does number by number, compiled, in the same order and to the same bit.

It has to be that exact: where a network is unsure it answers a last bit with whole pixels, and the region of
the next frame comes from its answer. With these the points are MediaPipe's; with arithmetic that is as good
they are those of somebody else in the picture after two seconds.
"""

import math

import numpy as np
import numpy.typing as npt
from numba import njit, types

_TURN = types.Array(types.float64, 2, "C", readonly=True)
_HEAT = types.Array(types.float32, 3, "C", readonly=True)
_POINTS = types.Array(types.float32, 2, "C")
BLOCK = 64  # columns; OpenCV counts anew from each block's first
PARTS = 32  # places between two pixels
WINDOW = 4  # cells around a point that place it
SURE = np.float32(0.5)
ONE, NOTHING = np.float32(1), np.float32(0)


def places(turn: npt.NDArray[np.float64], size: int) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.uint16]]:
    """Where in a frame the pixels of a square lie, as cv2.remap takes them: whole pixels and 32nds, like
    OpenCV 4's warpPerspective; that of OpenCV 5 rounds otherwise."""
    at, between = np.empty((size, size, 2), np.int16), np.empty((size, size), np.uint16)
    _place(turn, at, between)
    return at, between


@njit(
    types.void(_TURN, types.Array(types.int16, 3, "C"), types.Array(types.uint16, 2, "C")),
    nogil=True,
    cache=True,
)
def _place(turn, at, between):  # type: ignore[no-untyped-def]
    size = at.shape[0]
    for row in range(size):
        for first in range(0, size, BLOCK):
            weight = turn[2, 0] * first + turn[2, 1] * row + turn[2, 2]
            x = turn[0, 0] * first + turn[0, 1] * row + turn[0, 2]
            y = turn[1, 0] * first + turn[1, 1] * row + turn[1, 2]
            for step in range(min(BLOCK, size - first)):
                scale = PARTS / (weight + turn[2, 0] * step)  # the last bit of it counts, too
                x_parts = np.int32(np.rint((x + turn[0, 0] * step) * scale))
                y_parts = np.int32(np.rint((y + turn[1, 0] * step) * scale))
                at[row, first + step, 0] = min(max(x_parts >> 5, -32768), 32767)
                at[row, first + step, 1] = min(max(y_parts >> 5, -32768), 32767)
                between[row, first + step] = (y_parts & 31) * 32 + (x_parts & 31)


@njit(types.float32(types.float32), inline="always", cache=True)
def _sigmoid(value):  # type: ignore[no-untyped-def]
    return ONE / (ONE + math.exp(-value))


@njit(types.void(_POINTS, _HEAT), nogil=True, cache=True)
def refine(points, heat):  # type: ignore[no-untyped-def]
    """Each of points [n, 2+] (0…1) moves to the middle of what its heat map [rows, columns, n] has around it,
    if that is sure."""
    rows, columns = heat.shape[0], heat.shape[1]
    for k in range(points.shape[0]):
        column, row = int(points[k, 0] * np.float32(columns)), int(points[k, 1] * np.float32(rows))
        if column < 0 or column >= columns or row < 0:
            continue
        total, most, x, y = NOTHING, NOTHING, NOTHING, NOTHING
        for r in range(max(0, row - WINDOW), min(rows, row + WINDOW + 1)):
            for c in range(max(0, column - WINDOW), min(columns, column + WINDOW + 1)):
                share = _sigmoid(heat[r, c, k])
                total += share
                most = max(most, share)
                x += np.float32(c) * share
                y += np.float32(r) * share
        if most >= SURE:
            points[k, 0] = x / np.float32(columns) / total
            points[k, 1] = y / np.float32(rows) / total


@njit(types.float32(types.float32, types.float32), nogil=True, cache=True)
def direction(across, up):  # type: ignore[no-untyped-def]
    """The angle of a vector, as the C library has it for floats of 32 bits; NumPy has another last bit."""
    return math.atan2(up, across)
