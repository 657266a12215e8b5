"""The nearness map at the frame's full size, row by row, along the edges of the picture; compiled."""

import math

import numpy as np
from numba import uint8

from workers.stereo import _definition
from workers.stereo._compiled import compiled
from workers.stereo._definition import EDGE, MIXED, REACH, TONE
from workers.stereo._rows import list_flagged

LEVEL, SHARE = np.float32(_definition.LEVEL), np.float32(_definition.SHARE)


@compiled
def nearness_of_row(frame, channels, nearness, y, best, near, refined, flags, edges):  # type: ignore[no-untyped-def]
    """float32[h, w] of any size → near float32[W] of the frame's row y."""
    height, width = frame.shape[0], frame.shape[1] // channels
    if nearness.shape[0] != height or nearness.shape[1] != width:
        _upsample(frame, channels, nearness, y, near)
    elif best:
        _refine(frame, channels, nearness, y, refined, flags, edges)
        _smooth(refined, near)
    else:
        for x in range(width):
            near[x] = nearness[y, x]


@compiled
def _refine(frame, channels, nearness, y, near, flags, edges):  # type: ignore[no-untyped-def]
    """A map as fine as the picture: the pixels at an edge, which are mixed of both sides, move with the
    nearer side if they look at all like it. Otherwise they stay behind as its ghost."""
    height, width = nearness.shape
    above, here, below = nearness[max(0, y - 1)], nearness[y], nearness[min(height - 1, y + 1)]
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
        for dy, dx in ((0, -1), (0, 1), (-1, 0), (1, 0)):
            there = nearness[y + dy, x + dx]
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
def _upsample(frame, channels, nearness, y, near):  # type: ignore[no-untyped-def]
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
    py0, py1 = int((y0 + 0.5) * height / rows), int((y1 + 0.5) * height / rows)
    across, ratio = width / columns, np.float32(columns / width)
    first = 0
    for cell in range(columns + 1):
        end = width if cell == columns else max(first, math.ceil((cell + 0.5) * across - 0.5))
        x0, x1 = max(0, cell - 1), min(columns - 1, cell)
        a, b, c, d = nearness[y0, x0], nearness[y0, x1], nearness[y1, x0], nearness[y1, x1]
        low, high = min(min(a, b), min(c, d)), max(max(a, b), max(c, d))
        begin = (np.float32(first) + np.float32(0.5)) * ratio - np.float32(cell - 0.5)
        if high - low <= EDGE:
            left, right = a + (c - a) * fy, b + (d - b) * fy
            for x in range(first, end):
                near[x] = left + (right - left) * (begin + np.float32(x - first) * ratio)
        else:
            px0, px1 = int((x0 + 0.5) * across), int((x1 + 0.5) * across)
            middle = 0.5 * (low + high)
            for x in range(first, end):
                fx = begin + np.float32(x - first) * ratio
                wa = ((1 - fx) * (1 - fy) + SHARE) * _likeness(frame, channels, y, x, py0, px0)
                wb = (fx * (1 - fy) + SHARE) * _likeness(frame, channels, y, x, py0, px1)
                wc = ((1 - fx) * fy + SHARE) * _likeness(frame, channels, y, x, py1, px0)
                wd = (fx * fy + SHARE) * _likeness(frame, channels, y, x, py1, px1)
                front = wa * (a > middle) + wb * (b > middle) + wc * (c > middle) + wd * (d > middle)
                in_front = 2 * front >= wa + wb + wc + wd
                wa *= (a > middle) == in_front
                wb *= (b > middle) == in_front
                wc *= (c > middle) == in_front
                wd *= (d > middle) == in_front
                near[x] = (wa * a + wb * b + wc * c + wd * d) / (wa + wb + wc + wd)
        first = end


@compiled
def _likeness(frame, channels, y, x, other_y, other_x):  # type: ignore[no-untyped-def]
    """How much two pixels look alike: 1/TONE for the same colour, falling with the squared distance."""
    return 1.0 / (TONE + _difference(frame, channels, y, x, other_y, other_x))


@compiled
def _difference(frame, channels, y, x, other_y, other_x):  # type: ignore[no-untyped-def]
    """Squared, of two pixels' colours."""
    squared = 0
    for k in range(3):
        difference = int(frame[y, x * channels + k]) - int(frame[other_y, other_x * channels + k])
        squared += difference * difference
    return squared
