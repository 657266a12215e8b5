"""The nearness map at the frame's full size, row by row, along the edges of the picture; compiled."""

import math

import numpy as np
from numba import int32, uint8, uint64

from workers.stereo import _definition
from workers.stereo._compiled import compiled
from workers.stereo._definition import EDGE, MIXED, OUTLINE, REACH, TONE
from workers.stereo._rows import list_flagged

LEVEL, SHARE = np.float32(_definition.LEVEL), np.float32(_definition.SHARE)
ONE, TWO = np.uint64(1), np.uint64(2)  # an index that may be negative is looked at twice
KEPT = 8  # rows, in turn; at least 3 + 2 * OUTLINE


@compiled
def make_lines(width, columns):  # type: ignore[no-untyped-def]
    """For one thread: room for the last rows of the enlarged and of the refined map and for a row in between,
    and how a row of a map with so many columns is enlarged."""
    enlarged, refined = np.empty((KEPT, width), np.float32), np.empty((KEPT, width), np.float32)
    return enlarged, refined, np.empty(width, np.float32), _make_cells(width, columns)


@compiled
def _make_cells(width, columns):  # type: ignore[no-untyped-def]
    """A cell is what lies between the middles of two neighbouring columns of the map: where each ends, for
    each pixel its cell and its place in it, 0...1; and room for each cell's ramp and for which have edges."""
    ends, ratio = np.empty(columns + 1, np.int64), columns / width
    for cell in range(columns):
        ends[cell] = math.ceil((cell + 0.5) * width / columns - 0.5)
    ends[columns] = width
    cells, along, first = np.empty(width, np.uint32), np.empty(width, np.float32), 0
    for cell in range(columns + 1):
        for x in range(first, ends[cell]):
            cells[x], along[x] = cell, (x + 0.5) * ratio - (cell - 0.5)
        first = ends[cell]
    start, rise = np.empty(columns + 1, np.float32), np.empty(columns + 1, np.float32)
    flags, edges = np.zeros((columns + 8) & ~7, np.uint8), np.empty(columns + 1, np.int32)
    return (ends, cells, along), (start, rise), (flags, edges)


@compiled
def nearness_of_row(frame, channels, coarse, y, first, best, lines, flags, edges, near):  # type: ignore[no-untyped-def]
    """`coarse` is a map float32[h, w] of any size and its pixels' colours, float32[3, h, w], which one as
    large as the frame does without → near float32[W] of the frame's row y.

    Rows have to be asked for one after the other, from `first` on: those around a row stay in `lines`.
    """
    nearness, colours = coarse
    height, width = frame.shape[0], frame.shape[1] // channels
    enlarged, refined, between, cells = lines
    if nearness.shape[0] == height and nearness.shape[1] == width:
        if best:
            _refine(frame, channels, nearness, y, between, flags, edges)
            _smooth(between, near)
        else:
            near[:] = nearness[y]
        return
    reach = OUTLINE + 1 if best else OUTLINE
    for j in range(max(0, y - reach if y == first else y + reach), min(height, y + reach + 1)):
        _upsample(frame, channels, nearness, colours, j, cells, enlarged[j % KEPT])
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
        to_left, to_right = (
            _difference(frame, channels, y, x, y, x - 1),
            _difference(frame, channels, y, x, y, x + 1),
        )
        to_over, to_under = (
            _difference(frame, channels, y, x, y - 1, x),
            _difference(frame, channels, y, x, y + 1, x),
        )
        sideways = max(
            _drawn(here[x], here[x - 1], to_left, to_right), _drawn(here[x], here[x + 1], to_right, to_left)
        )
        upright = max(
            _drawn(here[x], above[x], to_over, to_under), _drawn(here[x], below[x], to_under, to_over)
        )
        near[x] = max(sideways, upright)


@compiled
def _drawn(here, there, like_nearer, like_other):  # type: ignore[no-untyped-def]
    """As near as the neighbour, if that is nearer and the pixel looks at all like it."""
    return there if (there - here > LEVEL) & (like_nearer <= MIXED * like_other) else here


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
def _upsample(frame, channels, nearness, colours, y, cells, near):  # type: ignore[no-untyped-def]
    """Bilinear within a surface; across an edge each pixel belongs to the surface whose colour it has, so
    that the outline follows the picture and not the map's cells. Whether there is an edge in a cell is asked
    once for all its pixels.
    """
    height, columns = frame.shape[0], nearness.shape[1]
    v = (y + 0.5) * nearness.shape[0] / height - 0.5
    y0 = max(0, min(nearness.shape[0] - 1, math.floor(v)))
    y1 = min(nearness.shape[0] - 1, y0 + 1)
    fy = np.float32(max(0.0, min(1.0, v - y0)))
    (ends, cell_of, along), ramps, (flags, edges) = cells
    (start, rise), one = ramps, np.float32(1)
    _fill_ramps(nearness[y0], nearness[y1], fy, start, rise, flags)
    for x in range(near.size):
        near[x] = start[cell_of[x]] + rise[cell_of[x]] * along[x]
    for cell in edges[: list_flagged(flags, edges)]:
        first, x0, x1 = ends[cell - 1] if cell > 0 else 0, max(0, cell - 1), min(columns - 1, cell)
        a, b, c, d = nearness[y0, x0], nearness[y0, x1], nearness[y1, x0], nearness[y1, x1]
        middle = np.float32(0.5) * (min(min(a, b), min(c, d)) + max(max(a, b), max(c, d)))
        in_a, in_b = np.float32(a > middle), np.float32(b > middle)
        in_c, in_d = np.float32(c > middle), np.float32(d > middle)
        like_a, like_b = _colour(colours, y0, x0), _colour(colours, y0, x1)
        like_c, like_d = _colour(colours, y1, x0), _colour(colours, y1, x1)
        for x in range(first, ends[cell]):
            fx, pixel = along[x], _pixel(frame, channels, y, x)
            wa = ((one - fx) * (one - fy) + SHARE) * _likeness(pixel, like_a)
            wb = (fx * (one - fy) + SHARE) * _likeness(pixel, like_b)
            wc = ((one - fx) * fy + SHARE) * _likeness(pixel, like_c)
            wd = (fx * fy + SHARE) * _likeness(pixel, like_d)
            front = wa * in_a + wb * in_b + wc * in_c + wd * in_d
            all_, total = wa + wb + wc + wd, wa * a + wb * b + wc * c + wd * d
            front_total = wa * a * in_a + wb * b * in_b + wc * c * in_c + wd * d * in_d
            if front + front < all_:
                front, front_total = all_ - front, total - front_total
            near[x] = front_total / front


@compiled
def _fill_ramps(above, below, fy, start, rise, flags):  # type: ignore[no-untyped-def]
    """Of the cells between two rows of the map, at the share `fy` of the way: where each cell's ramp starts
    and how much it rises, and whether it has an edge. The first and the last are half cells, and flat."""
    columns, none = above.size, np.float32(0)
    left, right, under_left, under_right = above[:-1], above[1:], below[:-1], below[1:]
    inner_start, inner_rise, inner_flags = start[1:columns], rise[1:columns], flags[1:columns]
    for x in range(inner_start.size):
        a, b = left[x] + (under_left[x] - left[x]) * fy, right[x] + (under_right[x] - right[x]) * fy
        inner_start[x], inner_rise[x] = a, b - a
    for x in range(inner_start.size):
        low = min(min(left[x], right[x]), min(under_left[x], under_right[x]))
        high = max(max(left[x], right[x]), max(under_left[x], under_right[x]))
        inner_flags[x] = uint8(high - low > EDGE)
    last = columns - 1
    start[0], start[columns] = (
        above[0] + (below[0] - above[0]) * fy,
        above[last] + (below[last] - above[last]) * fy,
    )
    rise[0] = rise[columns] = none
    flags[0], flags[columns] = (
        uint8(abs(above[0] - below[0]) > EDGE),
        uint8(abs(above[last] - below[last]) > EDGE),
    )


@compiled
def _colour(colours, row, column):  # type: ignore[no-untyped-def]
    """Of a pixel of the map."""
    return colours[0, row, column], colours[1, row, column], colours[2, row, column]


@compiled
def _pixel(frame, channels, y, x):  # type: ignore[no-untyped-def]
    row, k = frame[y], uint64(x * channels)
    return np.float32(row[k]), np.float32(row[k + ONE]), np.float32(row[k + TWO])


@compiled
def _likeness(pixel, other):  # type: ignore[no-untyped-def]
    """How much two colours look alike: 1/TONE for the same, falling with the squared distance."""
    a, b, c = pixel[0] - other[0], pixel[1] - other[1], pixel[2] - other[2]
    return np.float32(1) / (np.float32(TONE) + a * a + b * b + c * c)


@compiled
def _difference(frame, channels, y, x, other_y, other_x):  # type: ignore[no-untyped-def]
    """Squared, of two pixels' colours."""
    k, j, row, other = uint64(x * channels), uint64(other_x * channels), frame[y], frame[other_y]
    a = int32(row[k]) - int32(other[j])
    b = int32(row[k + ONE]) - int32(other[j + ONE])
    c = int32(row[k + TWO]) - int32(other[j + TWO])
    return a * a + b * b + c * c
