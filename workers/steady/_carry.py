"""Carries a map from one picture to another by optical flow, with what that uncovers.

The flow goes forward, from the picture that the map was made of: there the map's edges lie on the
picture's, and whatever is in front is seen whole, so each of its pixels has a place to go. Flow is soft
across an edge; so a pixel that does not look like what lies where it went tries where its neighbours on the
same surface went. Where several land the nearest shows; where none does something was uncovered, and that is
the farther side.
"""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from numba import int32, njit, types, uint64

UNLIKE = 4  # grey levels between a pixel's surroundings and those of where it went: it went elsewhere
REACH = 6  # pixels; neighbours that far, and twice as far, are asked
ONE_SURFACE = 0.1  # nearness
OTHER_WAY = 0.25  # pixels by which another flow has to differ to be worth a try
NOWHERE, BEYOND = np.float32(-1e9), np.float32(1e9)  # no map says that
CROSS = ((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1))
ALIKE = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.float32) / 5
NO_SECOND_MAP: Any = None  # cv2.remap takes one map with two channels; its stub wants a second array
LEAST = 4  # rows and columns; in less nothing can be seen to move
ROOM = 16  # rows and columns that the flow needs, and how many times longer than that a side may be
STILL = 2.0  # grey levels: noise of a camera or a codec, not motion

Grey = npt.NDArray[np.uint8]
Map = npt.NDArray[np.float32]


class Carrier:
    """Knows the flow from a picture `of` to later ones."""

    def __init__(self, of: Grey) -> None:
        self.of = of
        self._dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        self._dis.setFinestScale(1)  # half the size instead of a quarter, for the edges, but
        self._dis.setPatchStride(7)  # with fewer patches and
        self._dis.setGradientDescentIterations(6)  # fewer steps: what is left wrong is mended below
        self._flow: Any = None
        self._sampled = np.ascontiguousarray(of[::2, ::2])
        places = np.indices(of.shape)[::-1, ::2, ::2]
        self._places = np.ascontiguousarray(np.moveaxis(places, 0, 2), np.float32)

    def look(self, at: Grey) -> None:
        """On the way to a picture that is far: each flow begins with the last, so steps have to be short."""
        self._flow = self._dis.calc(self._roomy(self.of), self._roomy(at), self._flow)

    def carry(self, values: Map, to: Grey) -> tuple[Map, Grey]:
        """float32[h, w] that belongs to `of` → (the same for the picture `to`, uint8[h, w] that is 1 where it
        is known and 0 where it was uncovered or does not look like it did). All of one size."""
        if min(to.shape) < LEAST or cv2.norm(self.of, to, cv2.NORM_INF) <= STILL:
            return values.copy(), np.ones_like(to)
        self.look(to)
        carried, known = np.empty_like(values), np.empty_like(to)
        flow = np.ascontiguousarray(self._flow[: to.shape[0], : to.shape[1]])
        _carry(self.of, to, values, flow, self._alike(to, flow), carried, known)
        return carried, known

    def _roomy(self, picture: Grey) -> Grey:
        """At least so high and wide that there is something left of it at the flow's coarsest scale."""
        rows, columns = picture.shape
        least = max(ROOM, max(rows, columns) // ROOM)
        if min(rows, columns) >= least:
            return picture
        below, beside = max(0, least - rows), max(0, least - columns)
        return np.asarray(cv2.copyMakeBorder(picture, 0, below, 0, beside, cv2.BORDER_REPLICATE), np.uint8)

    def _alike(self, to: Grey, flow: Any) -> Grey:
        """Where the flow is right, asked at every second pixel and row: 255, elsewhere 0."""
        ways = cv2.resize(flow, self._sampled.shape[::-1], interpolation=cv2.INTER_NEAREST) + self._places
        there = cv2.remap(to, ways, NO_SECOND_MAP, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        unlike = cv2.filter2D(cv2.absdiff(there, self._sampled), -1, ALIKE)
        return np.asarray(unlike <= UNLIKE, np.uint8)


@njit(nogil=True, fastmath=True, inline="always")
def _unlikeness(of, to, y, x, flow_x, flow_y):  # type: ignore[no-untyped-def]
    """Mean difference of the pixels at and around (y, x) and where the flow takes them, in 16ths."""
    rows, columns = of.shape
    u = min(np.float32(columns - 2.01), max(np.float32(1), x + flow_x))
    v = min(np.float32(rows - 2.01), max(np.float32(1), y + flow_y))
    left, top = int(u), int(v)
    across, down = int32((u - left) * 16), int32((v - top) * 16)
    a, b = (16 - across) * (16 - down), across * (16 - down)
    c, d = (16 - across) * down, across * down
    y, x = min(rows - 2, max(1, y)), min(columns - 2, max(1, x))
    total = int32(0)
    for i, j in CROSS:
        here, above, below = of[uint64(y + i)], to[uint64(top + i)], to[uint64(top + i + 1)]
        k, after = uint64(left + j), uint64(left + j + 1)
        there = int32(above[k]) * a + int32(above[after]) * b + int32(below[k]) * c + int32(below[after]) * d
        total += abs((int32(here[uint64(x + j)]) << int32(8)) - there)
    return total // int32(5 * 16)


@njit(nogil=True, fastmath=True, inline="always")
def _best_step(of, to, values, flow, y, x):  # type: ignore[no-untyped-def]
    """(pixels across, pixels down, whether it looks alike there): the pixel's own way, or that of a neighbour
    on its surface."""
    rows, columns = of.shape
    own_x, own_y = flow[y, x, 0], flow[y, x, 1]
    best_x, best_y, tried_x, tried_y = own_x, own_y, own_x, own_y
    least = _unlikeness(of, to, y, x, own_x, own_y)
    if least <= 16 * UNLIKE:
        return _nearest(best_x), _nearest(best_y), True
    for reach in (REACH, 2 * REACH):
        for i in range(-1, 2):
            for j in range(-1, 2):
                if (i == 0 and j == 0) or (reach > REACH and i != 0 and j != 0):
                    continue
                v = uint64(min(rows - 1, max(0, y + i * reach)))
                u = uint64(min(columns - 1, max(0, x + j * reach)))
                if abs(values[v, u] - values[y, x]) > ONE_SURFACE:
                    continue
                way_x, way_y = flow[v, u, 0], flow[v, u, 1]
                if abs(way_x - own_x) + abs(way_y - own_y) < OTHER_WAY:
                    continue
                if abs(way_x - tried_x) + abs(way_y - tried_y) < OTHER_WAY:
                    continue
                tried_x, tried_y = way_x, way_y
                unlike = _unlikeness(of, to, y, x, way_x, way_y)
                if unlike < least:
                    least, best_x, best_y = unlike, way_x, way_y
    return _nearest(best_x), _nearest(best_y), least <= 32 * UNLIKE


@njit(nogil=True, fastmath=True, inline="always")
def _nearest(step):  # type: ignore[no-untyped-def]
    return int(step + np.float32(1000.5)) - 1000


@njit(nogil=True, fastmath=True, inline="always")
def _fill_uncovered(values, carried, known):  # type: ignore[no-untyped-def]
    """Row by row, from the side that is farther away."""
    rows, columns = carried.shape
    for y in range(rows):
        x = 0
        while x < columns:
            if carried[y, x] > NOWHERE:
                x += 1
                continue
            end = x
            while end < columns and carried[y, end] == NOWHERE:
                end += 1
            before = carried[y, x - 1] if x > 0 else BEYOND
            after = carried[y, end] if end < columns else BEYOND
            farther = min(before, after)
            for i in range(x, end):
                carried[y, i] = farther if farther < BEYOND else values[y, i]
                known[y, i] = 0
            x = end


_GREY = types.Array(types.uint8, 2, "C")
_SIGNATURE = types.void(
    _GREY, _GREY, types.Array(types.float32, 2, "C"), types.Array(types.float32, 3, "C"),
    _GREY, types.Array(types.float32, 2, "C"), _GREY,
)  # fmt: skip  # compiled at import, for all callers


@njit(nogil=True, fastmath=True, inline="always")
def _one_surface(values, top, left, bottom, right):  # type: ignore[no-untyped-def]
    top, left, bottom, right = uint64(top), uint64(left), uint64(bottom), uint64(right)
    a, b, c, d = values[top, left], values[top, right], values[bottom, left], values[bottom, right]
    return max(max(a, b), max(c, d)) - min(min(a, b), min(c, d)) <= ONE_SURFACE


@njit(nogil=True, fastmath=True, inline="always")
def _land(values, y, x, across, down, like, carried, known):  # type: ignore[no-untyped-def]
    """If it is within the picture, and nothing nearer is there."""
    v, u = uint64(y + down), uint64(x + across)  # what is above or left of 0 is far beyond the end
    value = values[uint64(y), uint64(x)]
    if v < uint64(values.shape[0]) and u < uint64(values.shape[1]) and value > carried[v, u]:
        carried[v, u], known[v, u] = value, like


@njit(_SIGNATURE, nogil=True, cache=True)
def _carry(of, to, values, flow, alike, carried, known):  # type: ignore[no-untyped-def]
    """Two by two pixels are asked together where they go, but each by itself where an edge is among them."""
    rows, columns = of.shape
    last_row, last_column = uint64(rows - 1), uint64(columns - 1)
    carried[:] = NOWHERE
    known[:] = 0
    for top in range(0, rows, 2):
        for left in range(0, columns, 2):
            bottom, right = min(rows - 1, top + 1), min(columns - 1, left + 1)
            together = _one_surface(values, top, left, bottom, right)
            if together and alike[top // 2, left // 2]:
                across, down, like = _nearest(flow[top, left, 0]), _nearest(flow[top, left, 1]), True
            else:
                across, down, like = _best_step(of, to, values, flow, top, left)
            for y in range(top, bottom + 1):
                for x in range(left, right + 1):
                    if not together:
                        across, down, like = _best_step(of, to, values, flow, y, x)
                    u, v = uint64(x + across), uint64(y + down)  # left of 0 is far beyond the end
                    value = values[uint64(y), uint64(x)]
                    if u <= last_column and v <= last_row and value > carried[v, u]:
                        carried[v, u] = value
                        known[v, u] = like
    _fill_uncovered(values, carried, known)
