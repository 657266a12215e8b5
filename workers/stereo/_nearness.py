"""The nearness map at the frame's full size, row by row, along the edges of the picture; compiled."""

import math

import numpy as np
from numba import uint8

from workers.stereo import _definition
from workers.stereo._compiled import compiled
from workers.stereo._definition import EDGE, MIXED, OUTLINE, REACH, TONE
from workers.stereo._rows import list_flagged

LEVEL, SHARE = np.float32(_definition.LEVEL), np.float32(_definition.SHARE)
KEPT = 8  # rows, in turn; at least 3 + 2 * OUTLINE


@compiled
def make_lines(width, columns):  # type: ignore[no-untyped-def]
    """For one thread: room for the last rows of the enlarged and of the refined map and for a row in between,
    and where in a row the cells of a map with so many columns end."""
    enlarged, refined = np.empty((KEPT, width), np.float32), np.empty((KEPT, width), np.float32)
    ends = np.empty(columns + 1, np.int64)
    for cell in range(columns):
        ends[cell] = math.ceil((cell + 0.5) * width / columns - 0.5)
    ends[columns] = width
    return enlarged, refined, np.empty(width, np.float32), ends


@compiled
def nearness_of_row(frame, channels, coarse, y, first, best, lines, flags, edges, near):  # type: ignore[no-untyped-def]
    """`coarse` is a map float32[h, w] of any size and its pixels' colours, float32[3, h, w], which one as
    large as the frame does without → near float32[W] of the frame's row y.

    Rows have to be asked for one after the other, from `first` on: those around a row stay in `lines`.
    """
    nearness, colours = coarse
    height, width = frame.shape[0], frame.shape[1] // channels
    enlarged, refined, between, ends = lines
    if nearness.shape[0] == height and nearness.shape[1] == width:
        if best:
            _refine(frame, channels, nearness, y, between, flags, edges)
            _smooth(between, near)
        else:
            near[:] = nearness[y]
        return
    reach = OUTLINE + 1 if best else OUTLINE
    for j in range(max(0, y - reach if y == first else y + reach), min(height, y + reach + 1)):
        _upsample(frame, channels, nearness, colours, j, ends, enlarged[j % KEPT])
    if best:
        for j in range(max(0, y - OUTLINE if y == first else y + OUTLINE), min(height, y + OUTLINE + 1)):
            _refine(frame, channels, enlarged, j, refined[j % KEPT], flags, edges)
    _calm(refined if best else enlarged, y, height, between, near)


@compiled
def _calm(kept, y, height, between, near):  # type: ignore[no-untyped-def]
    """The median of five rows, then of five columns: an outline without spurs and with little zigzag."""
    above, over = kept[max(0, y - 2) % KEPT], kept[max(0, y - 1) % KEPT]
    under, below = kept[min(height - 1, y + 1) % KEPT], kept[min(height - 1, y + 2) % KEPT]
    _medians(above, over, kept[y % KEPT], under, below, between)
    end = max(0, near.size - 4)
    near[:2], near[end + 2 :] = between[:2], between[end + 2 :]
    if end > 0:
        left, right = between[1 : end + 1], between[3 : end + 3]
        _medians(between[:end], left, between[2 : end + 2], right, between[4:], near[2 : end + 2])


@compiled
def _medians(a, b, c, d, e, medians):  # type: ignore[no-untyped-def]
    """Of five; the least and the greatest of the first four are not it, of the rest it is the middle one."""
    for x in range(medians.size):
        low = max(min(a[x], b[x]), min(c[x], d[x]))
        high = min(max(a[x], b[x]), max(c[x], d[x]))
        medians[x] = max(min(low, high), min(max(low, high), e[x]))


@compiled
def _refine(frame, channels, rows, y, near, flags, edges):  # type: ignore[no-untyped-def]
    """A map as fine as the picture, all `rows` of it or the last ones in turn: the pixels at an edge, which
    are mixed of both sides, move with the nearer side if they look at all like it. Otherwise they stay behind
    as its ghost."""
    height, kept, width = frame.shape[0], rows.shape[0], near.size
    above, here, below = rows[max(0, y - 1) % kept], rows[y % kept], rows[min(height - 1, y + 1) % kept]
    flags[0] = flags[width - 1] = uint8(0)
    left, right, over, under, middle = here[:-2], here[2:], above[1:-1], below[1:-1], here[1:-1]
    at_edge = flags[1 : width - 1]
    for x in range(middle.size):
        nearest = max(max(left[x], right[x]), max(over[x], under[x]))
        at_edge[x] = uint8(nearest - middle[x] > LEVEL)
    for x in range(width):
        near[x] = here[x]
    if y == 0 or y == height - 1:
        return
    for x in edges[: list_flagged(flags, edges)]:
        for dy, dx, there in ((0, -1, here[x - 1]), (0, 1, here[x + 1]), (-1, 0, above[x]), (1, 0, below[x])):
            if there - here[x] > LEVEL and there > near[x]:
                like_nearer = _difference(frame, channels, y, x, y + dy, x + dx)
                like_other = _difference(frame, channels, y, x, y - dy, x - dx)
                if like_nearer <= MIXED * like_other:
                    near[x] = there


@compiled
def _smooth(near, smoothed):  # type: ignore[no-untyped-def]
    """Without the small steps of a map of few levels: the mean over those neighbours that are as near."""
    width, share, none = near.size, np.float32(1 / (2 * REACH + 1)), np.float32(0)
    for x in range(width):
        smoothed[x] = near[x]
    inner, middle = smoothed[REACH : width - REACH], near[REACH : width - REACH]
    for k in range(1, REACH + 1):
        before, after = near[REACH - k : width - REACH - k], near[REACH + k : width - REACH + k]
        for x in range(inner.size):
            back, on = before[x] - middle[x], after[x] - middle[x]
            inner[x] += share * ((back if abs(back) < LEVEL else none) + (on if abs(on) < LEVEL else none))


@compiled
def _upsample(frame, channels, nearness, colours, y, ends, near):  # type: ignore[no-untyped-def]
    """Bilinear within a surface; across an edge each pixel belongs to the surface whose colour it has, so
    that the outline follows the picture and not the map's cells.

    Cell by cell, a cell being what lies between the middles of two neighbouring columns of the map: whether
    there is an edge in it is asked once for all its pixels, and where there is none they are one ramp.
    """
    height, width = frame.shape[0], frame.shape[1] // channels
    rows, columns = nearness.shape
    v = (y + 0.5) * rows / height - 0.5
    y0 = max(0, min(rows - 1, math.floor(v)))
    y1 = min(rows - 1, y0 + 1)
    fy = np.float32(max(0.0, min(1.0, v - y0)))
    ratio = np.float32(columns / width)
    first = 0
    for cell in range(columns + 1):
        end = ends[cell]
        x0, x1 = max(0, cell - 1), min(columns - 1, cell)
        a, b, c, d = nearness[y0, x0], nearness[y0, x1], nearness[y1, x0], nearness[y1, x1]
        low, high = min(min(a, b), min(c, d)), max(max(a, b), max(c, d))
        begin = (np.float32(first) + np.float32(0.5)) * ratio - np.float32(cell - 0.5)
        if high - low <= EDGE:
            left, right = a + (c - a) * fy, b + (d - b) * fy
            for x in range(first, end):
                near[x] = left + (right - left) * (begin + np.float32(x - first) * ratio)
        else:
            middle = np.float32(0.5) * (low + high)
            for x in range(first, end):
                fx = begin + np.float32(x - first) * ratio
                wa = ((1 - fx) * (1 - fy) + SHARE) * _likeness(frame, channels, y, x, colours, y0, x0)
                wb = (fx * (1 - fy) + SHARE) * _likeness(frame, channels, y, x, colours, y0, x1)
                wc = ((1 - fx) * fy + SHARE) * _likeness(frame, channels, y, x, colours, y1, x0)
                wd = (fx * fy + SHARE) * _likeness(frame, channels, y, x, colours, y1, x1)
                front = wa * (a > middle) + wb * (b > middle) + wc * (c > middle) + wd * (d > middle)
                in_front = 2 * front >= wa + wb + wc + wd
                wa *= (a > middle) == in_front
                wb *= (b > middle) == in_front
                wc *= (c > middle) == in_front
                wd *= (d > middle) == in_front
                near[x] = (wa * a + wb * b + wc * c + wd * d) / (wa + wb + wc + wd)
        first = end


@compiled
def _likeness(frame, channels, y, x, colours, row, column):  # type: ignore[no-untyped-def]
    """How much a pixel looks like one of the map: 1/TONE for the same colour, falling with the squared
    distance."""
    squared = np.float32(0)
    for k in range(3):
        difference = np.float32(frame[y, x * channels + k]) - colours[k, row, column]
        squared += difference * difference
    return np.float32(1) / (np.float32(TONE) + squared)


@compiled
def _difference(frame, channels, y, x, other_y, other_x):  # type: ignore[no-untyped-def]
    """Squared, of two pixels' colours."""
    squared = 0
    for k in range(3):
        difference = int(frame[y, x * channels + k]) - int(frame[other_y, other_x * channels + k])
        squared += difference * difference
    return squared
