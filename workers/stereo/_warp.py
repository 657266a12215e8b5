"""The forward warp: one pass over the frame makes both views, straight into the slot, on all its threads.

Each target pixel shows the nearest source surface that lands on it. Two neighbours in a row are one surface
as long as the warp stretches them no farther than STRETCH apart; what lies between them is interpolated
(sub-pixel accurate). Where they are torn farther apart, or where nothing lands, is a hole: it shows what
lies behind, so it is filled from the side that is farther away.
"""

import math

import numpy as np
import numpy.typing as npt
from numba import njit, prange, types

from workers.stereo._layout import View
from workers.stereo._parallax import Parallax

STRETCH = 1.6  # pixels
EDGE = 0.06  # nearness; corners of a map cell that differ by more lie on two surfaces
TONE = 40.0  # squared colour difference that is still noise
SHARE = np.float32(0.02)  # that a corner of a cell has at least, however far away; colour decides


def warp_views(
    frame: npt.NDArray[np.uint8],
    nearness: npt.NDArray[np.float32],
    parallax: Parallax,
    picture: npt.NDArray[np.uint8],
    left_eye: View,
    right_eye: View,
) -> None:
    """frame uint8[H, W, 3], nearness float32[h, w] of any size → both views in `picture`, in place."""
    targets = [
        picture[view.top : view.top + view.rows, view.left : view.left + view.columns]
        for view in (left_eye, right_eye)
    ]
    _warp(frame, nearness, *parallax, left_eye.down, left_eye.across, *targets)


@njit(nogil=True, fastmath=True, inline="always")
def _nearness_along(frame, nearness, y, near):  # type: ignore[no-untyped-def]
    """The map at full size along one row: bilinear within a surface; across an edge each pixel belongs to
    the surface whose colour it has, so that the outline follows the picture and not the map's cells.

    Cell by cell, a cell being what lies between the middles of two neighbouring columns of the map: whether
    there is an edge in it is asked once for all its pixels, and where there is none they are one ramp.
    """
    height, width = frame.shape[0], frame.shape[1]
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
                wa = ((1 - fx) * (1 - fy) + SHARE) * _likeness(frame, y, x, py0, px0)
                wb = (fx * (1 - fy) + SHARE) * _likeness(frame, y, x, py0, px1)
                wc = ((1 - fx) * fy + SHARE) * _likeness(frame, y, x, py1, px0)
                wd = (fx * fy + SHARE) * _likeness(frame, y, x, py1, px1)
                front = wa * (a > middle) + wb * (b > middle) + wc * (c > middle) + wd * (d > middle)
                in_front = 2 * front >= wa + wb + wc + wd
                wa *= (a > middle) == in_front
                wb *= (b > middle) == in_front
                wc *= (c > middle) == in_front
                wd *= (d > middle) == in_front
                near[x] = (wa * a + wb * b + wc * c + wd * d) / (wa + wb + wc + wd)
        first = end


@njit(nogil=True, fastmath=True, inline="always")
def _likeness(frame, y, x, other_y, other_x):  # type: ignore[no-untyped-def]
    """How much two pixels look alike: 1/TONE for the same colour, falling with the squared distance."""
    distance = 0
    for k in range(3):
        difference = int(frame[y, x, k]) - int(frame[other_y, other_x, k])
        distance += difference * difference
    return 1.0 / (TONE + distance)


@njit(nogil=True, fastmath=True, inline="always")
def _land(near, shift, sign, source, depth):  # type: ignore[no-untyped-def]
    """For each target pixel the source position that it shows, and its nearness; -1 for a hole."""
    width = near.shape[0]
    for u in range(width):
        source[u] = -1.0
        depth[u] = -1.0
    begin = sign * shift[0]
    for x in range(width - 1):
        end = x + 1 + sign * shift[x + 1]
        gap = end - begin
        if 0 < gap <= STRETCH:
            for u in range(max(0, math.ceil(begin)), min(width - 1, math.floor(end)) + 1):
                part = (u - begin) / gap
                z = near[x] + part * (near[x + 1] - near[x])
                if z > depth[u]:
                    depth[u] = z
                    source[u] = x + part
        else:  # torn apart, or folded over: each of the two stands for itself
            _land_one(near, x, begin, source, depth)
            _land_one(near, x + 1, end, source, depth)
        begin = end


@njit(nogil=True, fastmath=True, inline="always")
def _land_one(near, x, at, source, depth):  # type: ignore[no-untyped-def]
    u = math.floor(at + 0.5)
    if 0 <= u < near.shape[0] and near[x] > depth[u]:
        depth[u] = near[x]
        source[u] = x


@njit(nogil=True, fastmath=True, inline="always")
def _fill_holes(source, depth):  # type: ignore[no-untyped-def]
    """With the border pixel of the side that is farther away."""
    width = source.shape[0]
    u = 0
    while u < width:
        if source[u] >= 0:
            u += 1
            continue
        end = u
        while end < width and source[end] < 0:
            end += 1
        from_right = u == 0 or (end < width and depth[end] < depth[u - 1])
        if from_right and end == width:
            filler = np.float32(0.0)
        elif from_right:
            filler = source[end]
        else:
            filler = source[u - 1]
        for i in range(u, end):
            source[i] = filler
        u = end


@njit(nogil=True, fastmath=True, inline="always")
def _gather(frame, y, source, across, sums):  # type: ignore[no-untyped-def]
    """Add the source row as it appears to one eye, `across` pixels to one, in 256ths."""
    last = frame.shape[1] - 2
    for x in range(sums.shape[0]):
        for u in range(x * across, x * across + across):
            place = int(source[u] * np.float32(256) + np.float32(0.5))
            left = min(last, place >> 8)
            part = place - (left << 8)
            for k in range(3):
                here, there = np.int32(frame[y, left, k]), np.int32(frame[y, left + 1, k])
                sums[x, k] += np.int32((here << 8) + (there - here) * part)


_PIXELS = types.Array(types.uint8, 3, "C", readonly=True)
_MAP = types.Array(types.float32, 2, "C", readonly=True)
_TARGET = types.Array(types.uint8, 3, "A")
_NUMBERS = (types.float64,) * 3 + (types.int64,) * 2
_SIGNATURE = types.void(_PIXELS, _MAP, *_NUMBERS, _TARGET, _TARGET)  # compiled at import, for all callers


@njit(_SIGNATURE, parallel=True, nogil=True, fastmath=True, cache=True)
def _warp(frame, nearness, scale, convergence, budget, down, across, left, right):  # type: ignore[no-untyped-def]
    width = frame.shape[1]
    share = np.float32(1 / (256 * down * across))
    for row in prange(left.shape[0]):
        near = np.empty(width, np.float32)
        shift = np.empty(width, np.float32)
        source = np.empty(width, np.float32)
        depth = np.empty(width, np.float32)
        sums = np.zeros((2, left.shape[1], 3), np.int32)
        for y in range(row * down, row * down + down):
            _nearness_along(frame, nearness, y, near)
            for x in range(width):
                shift[x] = max(-budget, min(budget, scale * (near[x] - convergence)))
            for eye in range(2):
                _land(near, shift, 1.0 - 2.0 * eye, source, depth)
                _fill_holes(source, depth)
                _gather(frame, y, source, across, sums[eye])
        for x in range(left.shape[1]):
            for k in range(3):
                left[row, x, k] = np.uint8(sums[0, x, k] * share + np.float32(0.5))
                right[row, x, k] = np.uint8(sums[1, x, k] * share + np.float32(0.5))
