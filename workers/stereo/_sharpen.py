"""A network's map is soft at edges, and a few of its pixels beside them; this puts them where the picture has
them, at the map's own size, compiled. See _definition.py."""

import numpy as np
import numpy.typing as npt
from numba import njit, prange, types

from workers.stereo._compiled import compiled, forget_stale
from workers.stereo._definition import EDGE, FARTHEST, LOOKS, PASSES, VOTE_SIGMA, VOTE_TONE, VOTERS

PART = 64  # columns of a row that vote together, if there is an edge among them


def sharpened(
    frame: npt.NDArray[np.uint8], nearness: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """frame uint8[H, W, C], nearness float32[h, w] → the map as it was meant, float32[h, w], and the colours
    of its pixels, float32[3, h, w]."""
    colours = np.empty((3, *nearness.shape), np.float32)
    _reduce(np.ascontiguousarray(frame), colours)
    for _ in range(PASSES):
        before, nearness = nearness, np.empty_like(nearness)
        _vote(colours, np.ascontiguousarray(before), _distances(), nearness)
    return nearness, colours


def _distances() -> npt.NDArray[np.float32]:
    """The weights of the voters by their distance alone, float32[2 * VOTERS + 1, 2 * VOTERS + 1]; 0 for those
    who do not vote."""
    steps = np.arange(-VOTERS, VOTERS + 1)
    squared = steps[:, None] ** 2 + steps[None] ** 2
    weights = np.exp(-squared / (2 * VOTE_SIGMA**2))
    return np.where(squared <= FARTHEST, weights, 0).astype(np.float32)


forget_stale(__file__)
_PIXELS = types.Array(types.uint8, 3, "C", readonly=True)
_COLOURS = types.Array(types.float32, 3, "C")
_MAP = types.Array(types.float32, 2, "C", readonly=True)
_RESULT = types.Array(types.float32, 2, "C")


@compiled
def _looks(cells, size):  # type: ignore[no-untyped-def]
    """int64[cells, len(LOOKS)]: the pixels where each cell of an axis looks."""
    looks = np.empty((cells, len(LOOKS)), np.int64)
    for cell in range(cells):
        for k in range(len(LOOKS)):
            looks[cell, k] = (8 * cell + LOOKS[k]) * size // (8 * cells)
    return looks


@njit(types.void(_PIXELS, _COLOURS), parallel=True, nogil=True, fastmath=True, cache=True)
def _reduce(frame, colours):  # type: ignore[no-untyped-def]
    """The frame at the map's size, channel by channel: the rounded mean of a few pixels around the middle of
    each cell; nearer to its border they would be of both sides of an edge."""
    _, rows, columns = colours.shape
    down, across = _looks(rows, frame.shape[0]), _looks(columns, frame.shape[1])
    count = len(LOOKS) * len(LOOKS)
    for row in prange(rows):
        for column in range(columns):
            red, green, blue = 0, 0, 0
            for y in down[row]:
                for x in across[column]:
                    red += frame[y, x, 0]
                    green += frame[y, x, 1]
                    blue += frame[y, x, 2]
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
def _count(colours, nearness, distances, y, begin, end, middle, votes):  # type: ignore[no-untyped-def]
    """votes float32[4, w] of a part of the row: of those nearer than the middle how many and the sum of their
    nearness, and the same of those farther. Voter after voter for all of it, in vector instructions."""
    rows, columns = nearness.shape
    votes[:, begin:end] = np.float32(0)
    vote = np.empty(end - begin, np.float32)
    for j in range(max(0, y - VOTERS), min(rows, y + VOTERS + 1)):
        for step in range(-VOTERS, VOTERS + 1):
            weight = distances[j - y + VOTERS, step + VOTERS]
            first, last = max(begin, -step), min(end, columns - step)
            if weight == 0 or first >= last:
                continue
            given = vote[: last - first]
            _weigh(colours, j, y, first, step, weight, given)
            near, between = nearness[j][first + step : last + step], middle[first:last]
            _add(given, near, between, True, votes[0][first:last], votes[1][first:last])
            _add(given, near, between, False, votes[2][first:last], votes[3][first:last])


@compiled
def _weigh(colours, j, y, first, step, weight, vote):  # type: ignore[no-untyped-def]
    """Of the voters in row j, so many columns to the right."""
    share, one = np.float32(1 / VOTE_TONE), np.float32(1)
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


@compiled
def _next_part(low, high, begin):  # type: ignore[no-untyped-def]
    """From `begin` on: where the next part of a row begins and ends that has edges, in whole PARTs."""
    columns, end = low.size, begin
    while end < columns:
        here = end
        end = min(columns, here + PART)
        widest = np.float32(0)
        for x in range(here, end):
            widest = max(widest, high[x] - low[x])
        if widest <= EDGE and here > begin:
            return begin, here
        if widest <= EDGE:
            begin = end
    return begin, end


@njit(types.void(_COLOURS, _MAP, _MAP, _RESULT), parallel=True, nogil=True, fastmath=True, cache=True)
def _vote(colours, nearness, distances, result):  # type: ignore[no-untyped-def]
    """Of those on the side, nearer or farther, that looks more like a pixel at an edge: their mean."""
    rows, columns = nearness.shape
    for y in prange(rows):
        low, high = np.empty(columns, np.float32), np.empty(columns, np.float32)
        _extremes(nearness, y, low, high)
        middle, votes = np.float32(0.5) * (low + high), np.empty((4, columns), np.float32)
        result[y] = nearness[y]
        begin, end = _next_part(low, high, 0)
        while begin < end:
            _count(colours, nearness, distances, y, begin, end, middle, votes)
            for x in range(begin, end):
                side = 0 if votes[0, x] >= votes[2, x] else 2
                if high[x] - low[x] > EDGE:
                    result[y, x] = votes[side + 1, x] / votes[side, x]
            begin, end = _next_part(low, high, end)
