"""A person cut out of one picture: the ways to show it."""

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from workers.person._blend import coverage

Pixels = npt.NDArray[np.uint8]
GREEN = (0, 255, 0)
COVER_FROM, COVER_TO = 0.4, 0.7  # as background.cover_from and cover_to


class Cutout(NamedTuple):
    """RGB, but for `matte`, uint8[H, W], and `rgba`."""

    overlay: Pixels
    matte: Pixels
    white: Pixels
    rgba: Pixels


def on_white(picture: Pixels, opaque: Pixels) -> Pixels:
    """A transparent picture, as most programs show it."""
    return _mixed(picture, np.full_like(picture, 255), opaque)


def cut_out(picture: Pixels, mask: Pixels, opaque: Pixels | None = None) -> Cutout:
    """picture uint8[H, W, 3]; mask uint8[h, w] of any size; what is transparent in the picture already is
    nobody's."""
    height, width = picture.shape[:2]
    full = cv2.resize(mask, (width, height), interpolation=cv2.INTER_LINEAR)
    matte, below = coverage(COVER_FROM, COVER_TO)[full], picture
    if opaque is not None:
        matte, below = np.minimum(matte, opaque), on_white(picture, opaque)
    return Cutout(
        overlay=_mixed(np.full_like(picture, GREEN), below, matte // 2),
        matte=matte,
        white=on_white(picture, matte),
        rgba=np.dstack([picture, matte]),
    )


def _mixed(above: Pixels, below: Pixels, alpha: Pixels) -> Pixels:
    share = alpha[..., None].astype(np.uint16)
    return np.asarray((above * share + below * (255 - share) + 127) // 255, np.uint8)
