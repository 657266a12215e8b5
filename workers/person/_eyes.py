"""People on the screen, and what is behind them farther away: each eye sees it elsewhere."""

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from workers.person._scenery import Pixels
from workers.stereo._layout import (
    ANAGLYPHS,
    SIDE_BY_SIDE,
    TOP_BOTTOM,
    WITHOUT_VIEWS,
    Layout,
    even,
    lay_out,
    place,
)


def layout_for(background: Any, stereo: Any, height: int, width: int) -> Layout | None:
    """Where both views lie; None: there is one picture."""
    if background.behind_percent == 0 or stereo.layout in WITHOUT_VIEWS:
        return None
    return lay_out(stereo.layout, even(height), even(width), stereo.fill_16_9)


def shifts(background: Any, stereo: Any) -> tuple[float, float]:
    """How far to the right, in widths, the left and the right eye see behind the people."""
    if stereo.view == "2d":
        return 0.0, 0.0
    shift = (-1 if stereo.swap_eyes else 1) * background.behind_percent / 100
    return shift, -shift


def lay(views: tuple[Pixels, Pixels], layout: Layout, phase: int, picture: Pixels) -> None:
    """The left eye's view and the right one's into the picture, uint8[rows, columns, 3]."""
    left, right = views
    if layout.name in SIDE_BY_SIDE + TOP_BOTTOM:
        for pixels, view in zip(views, (layout.left_eye, layout.right_eye), strict=True):
            size = view.columns, view.rows
            place(picture, view)[:] = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        return
    target = place(picture, layout.left_eye)
    if layout.name in ANAGLYPHS:
        target[:] = _mixed(left, right, np.array(ANAGLYPHS[layout.name], np.float32))
        return
    if layout.name == "frame-sequential":
        target[:] = right if phase % 2 else left
        return
    target[:] = left
    for rows, columns in _right_eye_s(layout.name, phase):
        target[rows, columns] = right[rows, columns]


def _mixed(left: Pixels, right: Pixels, matrix: npt.NDArray[np.float32]) -> Pixels:
    parts = (left, matrix[:, :3]), (right, matrix[:, 3:])
    mixed = np.sum([cv2.transform(view.astype(np.float32), part) for view, part in parts], axis=0)
    return np.asarray(np.clip(np.round(mixed), 0, 255), np.uint8)


def _right_eye_s(name: str, phase: int) -> Iterator[tuple[slice, slice]]:
    """The pixels that it has where the eyes take turns."""
    odd, even = slice((1 + phase) % 2, None, 2), slice(phase % 2, None, 2)
    if name == "row-interlaced":
        yield odd, slice(None)
    elif name == "column-interlaced":
        yield slice(None), odd
    else:
        yield odd, even
        yield even, odd
