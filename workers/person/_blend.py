"""A person before another background, in one pass over the frame, compiled; all in whole numbers."""

import numpy as np
import numpy.typing as npt
from numba import njit, types

Pixels = npt.NDArray[np.uint8]
_SEEN = types.Array(types.uint8, 3, "C", readonly=True)
_MASK = types.Array(types.uint8, 2, "C", readonly=True)
_TABLE = types.Array(types.uint8, 1, "C", readonly=True)
LEAST, HALF, WHITE = np.float32(1e-6), np.float32(0.5), np.float32(255)
_OUT = types.Array(types.uint8, 3, "C")


def coverage(low: float, high: float) -> Pixels:
    """Mask value → how much of the pixel the person covers, uint8[256]: none up to `low`, all from `high` (of
    0…1), and a smooth step between."""
    position = np.clip((np.arange(256) / 255 - low) / max(high - low, 1e-6), 0, 1)
    return np.asarray(np.round(255 * position * position * (3 - 2 * position)), np.uint8)


def wrapping(high: float, strength: float) -> Pixels:
    """Mask value → how much light of the background falls on it, uint8[256]: `strength` up to `high`,
    ever less further in, none where the mask is sure."""
    inside = np.clip((np.arange(256) / 255 - high) / max(1 - high, 1e-6), 0, 1)
    return np.asarray(np.round(255 * strength * (1 - inside)), np.uint8)


@njit([types.int32(types.int32)], inline="always", cache=True)
def _over_255(product):  # type: ignore[no-untyped-def]
    """Divided by 255 and rounded, for what is at most 255 · 255."""
    product += 128
    return (product + (product >> 8)) >> 8


@njit(
    types.void(_SEEN, _MASK, _SEEN, _SEEN, _TABLE, _TABLE, types.boolean, _OUT), nogil=True, cache=True
)  # compiled at import, for all callers
def blend(frame, mask, behind, light, covers, wraps, dodge, out):  # type: ignore[no-untyped-def]
    """out = the person in `frame` before `behind`; `light` of the background lies on the person's edge,
    screened or (`dodge`) added."""
    rows, columns = mask.shape
    for y in range(rows):
        for x in range(columns):
            value = mask[y, x]
            alpha, wrap = np.int32(covers[value]), np.int32(wraps[value])
            if alpha == 0:
                for k in range(3):
                    out[y, x, k] = behind[y, x, k]
            elif alpha == 255 and wrap == 0:
                for k in range(3):
                    out[y, x, k] = frame[y, x, k]
            else:
                for k in range(3):
                    person = np.int32(frame[y, x, k])
                    added = _over_255(wrap * np.int32(light[y, x, k]))
                    if dodge:
                        person = np.int32(min(255, person + added))
                    else:
                        person += _over_255(added * (255 - person))
                    other = np.int32(behind[y, x, k])
                    out[y, x, k] = _over_255(person * alpha + other * (255 - alpha))


@njit(types.void(_SEEN, _MASK, types.Array(types.float32, 3, "C")), nogil=True, cache=True, fastmath=True)
def weigh(picture, keep_out, weighed):  # type: ignore[no-untyped-def]
    """Each pixel times how surely it is background, and that weight itself as the fourth value."""
    rows, columns = keep_out.shape
    for y in range(rows):
        for x in range(columns):
            weight = np.float32(255 - keep_out[y, x])
            for k in range(3):
                weighed[y, x, k] = weight * np.float32(picture[y, x, k])
            weighed[y, x, 3] = weight


@njit(
    types.void(types.Array(types.float32, 3, "C", readonly=True), _OUT), nogil=True, cache=True, fastmath=True
)
def unweigh(weighed, picture):  # type: ignore[no-untyped-def]
    """The other way round. Where there is no weight at all, it is what all others have in the mean: nobody
    sees it behind the person."""
    rows, columns, _ = weighed.shape
    total = np.zeros(4, np.float64)
    for y in range(rows):
        for k in range(4):
            total[k] += np.sum(weighed[y, :, k])
    for y in range(rows):
        for x in range(columns):
            weight = weighed[y, x, 3]
            for k in range(3):
                if weight > LEAST:
                    picture[y, x, k] = np.uint8(min(WHITE, weighed[y, x, k] / weight + HALF))
                elif total[3] > 0:
                    picture[y, x, k] = np.uint8(min(255.0, total[k] / total[3]))
                else:
                    picture[y, x, k] = 0
