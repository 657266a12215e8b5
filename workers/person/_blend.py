"""A person before another background, in one pass over the frame, compiled; all in whole numbers.

Where the mask is sure of a whole stretch of pixels, they are copied; only along the edge, in a few
places of a hundred, it is brought to the frame's size and the two are mixed.
"""

import cv2
import numpy as np
import numpy.typing as npt
from numba import njit, types

Pixels = npt.NDArray[np.uint8]
_SEEN = types.Array(types.uint8, 3, "C", readonly=True)
_MASK = types.Array(types.uint8, 2, "C", readonly=True)
_TABLE = types.Array(types.uint8, 1, "C", readonly=True)
_OUT = types.Array(types.uint8, 3, "C")
SURE = 0.97  # networks hardly ever say 1
STRETCH = 8  # pixels of a row
EDGE, NOBODY, PERSON = 0, 1, 2
U16 = np.uint16


def coverage(low: float, high: float) -> Pixels:
    """Mask value → how much of the pixel the person covers, uint8[256]: none up to `low`, all from `high` (of
    0…1), and a smooth step between."""
    position = np.clip((np.arange(256) / 255 - low) / max(high - low, 1e-6), 0, 1)
    return np.asarray(np.round(255 * position * position * (3 - 2 * position)), np.uint8)


def wrapping(high: float, strength: float) -> Pixels:
    """Mask value → how much light of the background falls on it, uint8[256]: `strength` up to `high`,
    ever less further in, none where the mask is sure."""
    inside = np.clip((np.arange(256) / 255 - high) / max(SURE - high, 1e-6), 0, 1)
    return np.asarray(np.round(255 * strength * (1 - inside)), np.uint8)


def stretches(mask: Pixels, columns: int, covers: Pixels, wraps: Pixels) -> Pixels:
    """What there is in each stretch of a frame so many columns wide: nobody, person or edge; a row for each
    of the mask, which may be smaller than the frame."""
    nobody = np.flatnonzero(covers == 0).max(initial=-1)  # up to this value there is nothing of the person
    sure = np.flatnonzero((covers < 255) | (wraps > 0)).max(initial=-1) + 1  # from this on, nothing else
    scale = mask.shape[1] / columns
    reach = int(STRETCH * scale / 2) + 2
    middles = (np.arange(0, columns, STRETCH) + STRETCH / 2) * scale
    places = np.minimum(middles.astype(int), mask.shape[1] - 1)
    around = np.ones((3, 2 * reach + 1), np.uint8)
    most, least = cv2.dilate(mask, around)[:, places], cv2.erode(mask, around)[:, places]
    kinds = np.where(least >= sure, np.uint8(PERSON), np.uint8(EDGE))
    kinds[most <= nobody] = NOBODY
    return np.ascontiguousarray(kinds)


@njit(inline="always", cache=True)
def _over_255(product):  # type: ignore[no-untyped-def]
    """Divided by 255 and rounded, for what is at most 255 · 255: 16 bits are enough, and twice as many fit
    into a vector as of 32."""
    product = U16(product + U16(128))
    return U16(U16(product + U16(product >> U16(8))) >> U16(8))


@njit(inline="always", cache=True)
def _copy(pixels, target):  # type: ignore[no-untyped-def]
    there, here = target.reshape(-1), pixels.reshape(-1)
    for i in range(here.size):
        there[i] = here[i]


@njit(cache=True)
def _between(small, large):  # type: ignore[no-untyped-def]
    """For each of `large` places: which of `small` it lies behind, and by how many 256ths."""
    first, beyond = np.empty(large, np.int32), np.empty(large, np.int32)
    for place in range(large):
        at = max(0.0, min(small - 1.0, (place + 0.5) * small / large - 0.5))
        first[place] = min(int(at), max(0, small - 2))
        beyond[place] = np.int32(round((at - first[place]) * 256))
    return first, beyond


@njit(inline="always", cache=True)
def _mix(person, behind, light, alphas, shares, dodge, target):  # type: ignore[no-untyped-def]
    """An edge; each place is a pixel's red, green or blue."""
    for i in range(target.size):
        value, added = U16(person[i]), _over_255(U16(U16(shares[i]) * U16(light[i])))
        if dodge:
            value = min(U16(255), U16(value + added))
        else:
            value = U16(value + _over_255(U16(added * U16(U16(255) - value))))
        alpha = U16(alphas[i])
        other = U16(U16(behind[i]) * U16(U16(255) - alpha))
        target[i] = np.uint8(_over_255(U16(U16(value * alpha) + other)))


@njit(
    types.void(_SEEN, _MASK, _MASK, _SEEN, _SEEN, _TABLE, _TABLE, types.boolean, _OUT), nogil=True, cache=True
)  # compiled at import, for all callers
def blend(frame, mask, kinds, behind, light, covers, wraps, dodge, out):  # type: ignore[no-untyped-def]
    """out = the person in `frame` before `behind`; `light` of the background lies on the person's edge,
    screened or (`dodge`) added. Of those two one row may stand for all. The mask may be smaller; `kinds` are
    those of its stretches."""
    rows, columns, _ = out.shape
    above, down = _between(mask.shape[0], rows)
    left, across = _between(mask.shape[1], columns)
    line = np.empty(mask.shape[1] + 1, np.int32)
    alphas, shares = np.empty((columns, 3), np.uint8), np.empty((columns, 3), np.uint8)
    for y in range(rows):
        row = kinds[y * kinds.shape[0] // rows]
        upper, lower = mask[above[y]], mask[min(above[y] + 1, mask.shape[0] - 1)]
        there, lit = behind[min(y, behind.shape[0] - 1)], light[min(y, light.shape[0] - 1)]
        part = 0
        while part < row.size:
            kind, first = row[part], part
            while part < row.size and row[part] == kind:
                part += 1
            here = slice(first * STRETCH, min(columns, part * STRETCH))
            if kind == NOBODY:
                _copy(there[here], out[y, here])
                continue
            if kind == PERSON:
                _copy(frame[y, here], out[y, here])
                continue
            last = min(left[here.stop - 1] + 1, upper.size - 1)
            for x in range(left[here.start], last + 1):
                line[x] = np.int32(upper[x]) * (256 - down[y]) + np.int32(lower[x]) * down[y]
            line[last + 1] = line[last]
            for x in range(here.start, here.stop):
                one, other = line[left[x]], line[left[x] + 1]
                value = (one * (256 - across[x]) + other * across[x] + 32768) >> 16
                for k in range(3):
                    alphas[x, k], shares[x, k] = covers[value], wraps[value]
            _mix(
                frame[y, here].reshape(-1),
                there[here].reshape(-1),
                lit[here].reshape(-1),
                alphas[here].reshape(-1),
                shares[here].reshape(-1),
                dodge,
                out[y, here].reshape(-1),
            )
