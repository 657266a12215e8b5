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
    """Divided by 255 and rounded, for what is at most 255 · 255."""
    product += 128
    return (product + (product >> 8)) >> 8


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


@njit(
    types.void(_SEEN, _MASK, _MASK, _SEEN, _SEEN, _TABLE, _TABLE, types.boolean, _OUT), nogil=True, cache=True
)  # compiled at import, for all callers
def blend(frame, mask, kinds, behind, light, covers, wraps, dodge, out):  # type: ignore[no-untyped-def]
    """out = the person in `frame` before `behind`; `light` of the background lies on the person's edge,
    screened or (`dodge`) added. The mask may be smaller; `kinds` are those of its stretches."""
    rows, columns, _ = out.shape
    above, down = _between(mask.shape[0], rows)
    left, across = _between(mask.shape[1], columns)
    line = np.empty(mask.shape[1] + 1, np.int32)
    for y in range(rows):
        row = kinds[y * kinds.shape[0] // rows]
        upper, lower = mask[above[y]], mask[min(above[y] + 1, mask.shape[0] - 1)]
        for x in range(upper.size):
            line[x] = np.int32(upper[x]) * (256 - down[y]) + np.int32(lower[x]) * down[y]
        line[upper.size] = line[upper.size - 1]
        part = 0
        while part < row.size:
            kind, first = row[part], part
            while part < row.size and row[part] == kind:
                part += 1
            here = slice(first * STRETCH, min(columns, part * STRETCH))
            if kind == NOBODY:
                _copy(behind[y, here], out[y, here])
                continue
            if kind == PERSON:
                _copy(frame[y, here], out[y, here])
                continue
            for x in range(here.start, here.stop):
                one, other = line[left[x]], line[left[x] + 1]
                value = (one * (256 - across[x]) + other * across[x] + 32768) >> 16
                alpha, wrap = np.int32(covers[value]), np.int32(wraps[value])
                if alpha == 0:
                    for k in range(3):
                        out[y, x, k] = behind[y, x, k]
                    continue
                for k in range(3):
                    person = np.int32(frame[y, x, k])
                    added = _over_255(wrap * np.int32(light[y, x, k]))
                    if dodge:
                        person = np.int32(min(255, person + added))
                    else:
                        person += _over_255(added * (255 - person))
                    other_pixel = np.int32(behind[y, x, k])
                    out[y, x, k] = _over_255(person * alpha + other_pixel * (255 - alpha))
