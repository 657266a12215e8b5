"""The mean of the background alone: each pixel counts as much as it is surely background. Compiled."""

import numpy as np
from numba import njit, types

_SEEN = types.Array(types.uint8, 3, "C", readonly=True)
_MASK = types.Array(types.uint8, 2, "C", readonly=True)
_OUT = types.Array(types.uint8, 3, "C")
LEAST, HALF, WHITE = np.float32(1e-6), np.float32(0.5), np.float32(255)


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
