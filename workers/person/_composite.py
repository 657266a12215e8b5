"""One picture: the mask's edge, and the person before the background."""

from functools import lru_cache
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from workers.person._behind import Background
from workers.person._blend import blend, coverage, stretches, wrapping
from workers.person._scenery import Scenery

Pixels = npt.NDArray[np.uint8]


class Edge(Protocol):
    """What of the settings it needs."""

    cover_from: float
    cover_to: float
    feather_percent: float
    light_wrap: float
    light: str


def composite(frame: Pixels, mask: Pixels, background: Background, edge: Edge, out: Pixels) -> None:
    """frame uint8[H, W, 3] and its mask uint8[h, w] → out uint8[H, W, 3]."""
    mask = feathered(mask, edge.feather_percent)
    _put(frame, mask, background(frame, mask).at(*frame.shape[:2]), edge, out)


def _put(frame: Pixels, mask: Pixels, scenery: Scenery, edge: Edge, out: Pixels) -> None:
    covers, wraps = tables(edge.cover_from, edge.cover_to, edge.light_wrap)
    kinds = stretches(mask, frame.shape[1], covers, wraps)
    dodge = edge.light == "linear-dodge"
    blend(frame, mask, kinds, scenery.behind, scenery.light, covers, wraps, dodge, out)


def composite_for_both_eyes(
    frame: Pixels, mask: Pixels, background: Background, edge: Edge, seen: tuple[float, float]
) -> tuple[Pixels, Pixels]:
    """What the left and the right eye see; `seen` is where each looks behind the person, as _eyes.shifts."""
    mask = feathered(mask, edge.feather_percent)
    scenery = background(frame, mask).at(frame.shape[0], frame.shape[1])
    views = np.empty_like(frame), np.empty_like(frame)
    for shift, view in zip(seen, views, strict=True):
        _put(frame, mask, scenery.shifted(shift), edge, view)
    return views


def feathered(mask: Pixels, percent: float) -> Pixels:
    """Softer, but only outwards: the person loses nothing. `percent` of the width."""
    reach = round(mask.shape[1] * percent / 100)
    if reach == 0:
        return mask
    size = 2 * reach + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return np.asarray(np.maximum(mask, cv2.blur(cv2.dilate(mask, disc), (size, size))), np.uint8)


@lru_cache(maxsize=8)
def tables(low: float, high: float, strength: float) -> tuple[Pixels, Pixels]:
    """What mask values mean for coverage and for light."""
    return coverage(low, high), wrapping(high, strength)
