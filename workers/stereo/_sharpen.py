"""A network's map is soft at edges, and a few of its pixels beside them; this puts them where the picture has
them, at the map's own size, compiled. See _definition.py."""

import numpy as np
import numpy.typing as npt
from numba import njit, prange, types

from workers.stereo._compiled import compiled, forget_stale
from workers.stereo._definition import EDGE, LOOKS, PASSES, VOTE_SIGMA, VOTE_TONE, VOTERS


def sharpened(frame: npt.NDArray[np.uint8], nearness: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """frame uint8[H, W, C], nearness float32[h, w] → float32[h, w]."""
    colours = np.empty((3, *nearness.shape), np.float32)
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
    """The frame at the map's size, channel by channel: each cell the rounded mean of LOOKS x LOOKS pixels."""
    height, width = frame.shape[0], frame.shape[1]
    _, rows, columns = colours.shape
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
            colours[0, row, column] = (red + count // 2) // count
            colours[1, row, column] = (green + count // 2) // count
            colours[2, row, column] = (blue + count // 2) // count


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


@compiled
def _count(colours, nearness, distances, y, middle, votes):  # type: ignore[no-untyped-def]
    """votes float32[4, w] of the row: of those nearer than the middle how many and the sum of their nearness,
    and the same of those farther. Voter after voter for the whole row at once, in vector instructions."""
    rows, columns = nearness.shape
    votes[:] = np.float32(0)
    vote = np.empty(columns, np.float32)
    for j in range(max(0, y - VOTERS), min(rows, y + VOTERS + 1)):
        for step in range(max(-VOTERS, 1 - columns), min(VOTERS + 1, columns)):
            first, last = max(0, -step), min(columns, columns - step)
            _weigh(colours, j, y, step, distances[j - y + VOTERS, step + VOTERS], vote[first:last])
            near, between = nearness[j][first + step : last + step], middle[first:last]
            _add(vote[first:last], near, between, True, votes[0][first:last], votes[1][first:last])
            _add(vote[first:last], near, between, False, votes[2][first:last], votes[3][first:last])


@compiled
def _weigh(colours, j, y, step, weight, vote):  # type: ignore[no-untyped-def]
    """Of the voters in row j, so many columns to the right."""
    first, share, one = max(0, -step), np.float32(1 / VOTE_TONE), np.float32(1)
    red, green, blue = colours[0, y][first:], colours[1, y][first:], colours[2, y][first:]
    other_red, other_green = colours[0, j][first + step :], colours[1, j][first + step :]
    other_blue = colours[2, j][first + step :]
    for x in range(vote.size):
        a, b, c = other_red[x] - red[x], other_green[x] - green[x], other_blue[x] - blue[x]
        unlike = one + (a * a + b * b + c * c) * share
        vote[x] = weight / (unlike * unlike)


@compiled
def _add(vote, near, between, nearer, count, total):  # type: ignore[no-untyped-def]
    """The votes of one side."""
    for x in range(count.size):
        value = vote[x] if (near[x] > between[x]) == nearer else np.float32(0)
        count[x] += value
        total[x] += value * near[x]


@njit(types.void(_COLOURS, _MAP, _MAP, _RESULT), parallel=True, nogil=True, fastmath=True, cache=True)
def _vote(colours, nearness, distances, result):  # type: ignore[no-untyped-def]
    """Of those on the side, nearer or farther, that looks more like a pixel at an edge: their mean."""
    rows, columns = nearness.shape
    for y in prange(rows):
        low, high = np.empty(columns, np.float32), np.empty(columns, np.float32)
        _extremes(nearness, y, low, high)
        middle, votes = np.float32(0.5) * (low + high), np.empty((4, columns), np.float32)
        _count(colours, nearness, distances, y, middle, votes)
        for x in range(columns):
            side = 0 if votes[0, x] >= votes[2, x] else 2
            at_edge = high[x] - low[x] > EDGE
            result[y, x] = votes[side + 1, x] / votes[side, x] if at_edge else nearness[y, x]
