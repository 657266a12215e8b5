"""What can be done to one mask: blobs removed, edges brought to those of the picture."""

import cv2
import numpy as np
import numpy.typing as npt
from numba import njit, types

from workers.person._scenery import odd

Mask = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]
SURE = 0.5
SMALL, LARGE = 12, 22  # pixels of the whole frame's mask: what is thinner goes, the rest grows a little more
REACH = 3  # pixels of the mask, each way, that are asked for their opinion
NEAR, ALIKE = 2.0, 18.0  # standard deviations of the bilateral filter: pixels, and steps of colour


def without_blobs(mask: Mask, scale: float) -> Mask:
    """PP-HumanSeg's filter: what is surely a person, without what is thin, grown again, lets the mask
    through. Edges stay as soft as they are. `scale`: so many of its pixels are one of the frame's."""
    sure = (mask > SURE).astype(np.uint8)
    sure = cv2.erode(sure, _disc(SMALL * scale), borderType=cv2.BORDER_REPLICATE)  # type: ignore[assignment]
    sure = cv2.dilate(sure, _disc(LARGE * scale))  # type: ignore[assignment]
    return mask * sure


def _disc(across: float) -> Pixels:
    size = odd(across)
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)


def along_edges(mask: Mask, picture: Pixels) -> Mask:
    """Joint bilateral filter: each place takes the mean of those near it that look alike."""
    span = np.arange(-REACH, REACH + 1)
    near = np.exp(-(span[:, None] ** 2 + span[None, :] ** 2) / (2 * NEAR**2)).astype(np.float32)
    alike = np.exp(-(np.arange(3 * 255 + 1) ** 2) / (2 * (3 * ALIKE) ** 2)).astype(np.float32)
    smoothed = np.empty_like(mask)
    _bilateral(np.ascontiguousarray(mask), np.ascontiguousarray(picture), near, alike, smoothed)
    return smoothed


@njit(
    types.void(
        types.float32[:, ::1],
        types.uint8[:, :, ::1],
        types.float32[:, ::1],
        types.float32[::1],
        types.float32[:, ::1],
    ),
    nogil=True,
    cache=True,
    fastmath=True,
)
def _bilateral(mask, picture, near, alike, smoothed):  # type: ignore[no-untyped-def]
    rows, columns = mask.shape
    for y in range(rows):
        for x in range(columns):
            total = weights = np.float32(0)
            for v in range(max(0, y - REACH), min(rows, y + REACH + 1)):
                for u in range(max(0, x - REACH), min(columns, x + REACH + 1)):
                    differs = np.int32(0)
                    for k in range(3):
                        differs += abs(np.int32(picture[y, x, k]) - np.int32(picture[v, u, k]))
                    weight = near[v - y + REACH, u - x + REACH] * alike[differs]
                    total += weight * mask[v, u]
                    weights += weight
            smoothed[y, x] = total / weights
