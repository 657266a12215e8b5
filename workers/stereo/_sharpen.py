"""A network's map is soft at edges, and a few of its pixels beside them; this puts them where the picture has
them, at the map's own size, compiled. See _definition.py."""

import numpy as np
import numpy.typing as npt
from numba import njit, prange, types

from workers.stereo._compiled import compiled, forget_stale
from workers.stereo._definition import EDGE, LOOKS, PASSES, VOTE_SIGMA, VOTE_TONE, VOTERS


def sharpened(frame: npt.NDArray[np.uint8], nearness: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """frame uint8[H, W, C], nearness float32[h, w] → float32[h, w]."""
    colours = np.empty((*nearness.shape, 3), np.float32)
    _reduce(np.ascontiguousarray(frame), colours)
    for _ in range(PASSES):
        before, nearness = nearness, np.empty_like(nearness)
        _vote(colours, np.ascontiguousarray(before), _distances(), nearness)
    return nearness


def _distances() -> npt.NDArray[np.float32]:
    """The weights of the voters by their distance alone, float32[2 * VOTERS + 1, 2 * VOTERS + 1]."""
    steps = np.arange(-VOTERS, VOTERS + 1)
    squared = steps[:, None] ** 2 + steps[None] ** 2
    return np.exp(-squared / (2 * VOTE_SIGMA**2)).astype(np.float32)


forget_stale(__file__)
_PIXELS = types.Array(types.uint8, 3, "C", readonly=True)
_COLOURS = types.Array(types.float32, 3, "C")
_MAP = types.Array(types.float32, 2, "C", readonly=True)
_RESULT = types.Array(types.float32, 2, "C")


@njit(types.void(_PIXELS, _COLOURS), parallel=True, nogil=True, fastmath=True, cache=True)
def _reduce(frame, colours):  # type: ignore[no-untyped-def]
    """The frame at the map's size: of each cell the rounded mean of LOOKS x LOOKS of its pixels."""
    height, width = frame.shape[0], frame.shape[1]
    rows, columns = colours.shape[0], colours.shape[1]
    for row in prange(rows):
        for column in range(columns):
            red, green, blue = 0, 0, 0
            for j in range(LOOKS):
                y = ((row * LOOKS + j) * 2 + 1) * height // (2 * LOOKS * rows)
                for k in range(LOOKS):
                    x = ((column * LOOKS + k) * 2 + 1) * width // (2 * LOOKS * columns)
                    red += frame[y, x, 0]
                    green += frame[y, x, 1]
                    blue += frame[y, x, 2]
            count = LOOKS * LOOKS
            colours[row, column, 0] = (red + count // 2) // count
            colours[row, column, 1] = (green + count // 2) // count
            colours[row, column, 2] = (blue + count // 2) // count


@compiled
def _elected(colours, nearness, distances, y, x, middle):  # type: ignore[no-untyped-def]
    """The mean of those on the side, nearer or farther than the middle, that looks more like this pixel."""
    rows, columns = nearness.shape
    near, near_sum, far, far_sum = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
    share = np.float32(1 / VOTE_TONE)
    for j in range(max(0, y - VOTERS), min(rows, y + VOTERS + 1)):
        for i in range(max(0, x - VOTERS), min(columns, x + VOTERS + 1)):
            squared = np.float32(0)
            for k in range(3):
                difference = colours[j, i, k] - colours[y, x, k]
                squared += difference * difference
            unlike = np.float32(1) + squared * share
            weight = distances[j - y + VOTERS, i - x + VOTERS] / (unlike * unlike)
            nearer = nearness[j, i] > middle
            near += weight if nearer else np.float32(0)
            near_sum += weight * nearness[j, i] if nearer else np.float32(0)
            far += np.float32(0) if nearer else weight
            far_sum += np.float32(0) if nearer else weight * nearness[j, i]
    return near_sum / near if near >= far else far_sum / far


@compiled
def _extremes(nearness, y, low, high):  # type: ignore[no-untyped-def]
    """The least and the greatest among the voters of each pixel of a row; down first, then across."""
    rows, columns = nearness.shape
    least, greatest = nearness[y].copy(), nearness[y].copy()
    for j in range(max(0, y - VOTERS), min(rows, y + VOTERS + 1)):
        for x in range(columns):
            least[x], greatest[x] = min(least[x], nearness[j, x]), max(greatest[x], nearness[j, x])
    low[:], high[:] = least, greatest
    for k in range(1, min(VOTERS + 1, columns)):
        for x in range(columns - k):
            low[x], high[x] = min(low[x], least[x + k]), max(high[x], greatest[x + k])
        for x in range(k, columns):
            low[x], high[x] = min(low[x], least[x - k]), max(high[x], greatest[x - k])


@njit(types.void(_COLOURS, _MAP, _MAP, _RESULT), parallel=True, nogil=True, fastmath=True, cache=True)
def _vote(colours, nearness, distances, result):  # type: ignore[no-untyped-def]
    rows, columns = nearness.shape
    for y in prange(rows):
        low, high = np.empty(columns, np.float32), np.empty(columns, np.float32)
        _extremes(nearness, y, low, high)
        for x in range(columns):
            if high[x] - low[x] > EDGE:
                middle = np.float32(0.5) * (low[x] + high[x])
                result[y, x] = _elected(colours, nearness, distances, y, x, middle)
            else:
                result[y, x] = nearness[y, x]
