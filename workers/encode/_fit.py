"""A picture of any size into one of fixed size, with bars around each view: both keep their halves."""

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
HALVES = {"half-sbs": (1, 2), "full-sbs": (1, 2), "rgb+depth": (1, 2), "half-tab": (2, 1), "full-tab": (2, 1)}
"""Layout → how many views are below and beside each other; all else is one."""


class Fit:
    """Into `height` x `width`, both even. What it returns is good until the next one."""

    def __init__(self, height: int, width: int) -> None:
        self._canvas = np.zeros((height, width, 3), np.uint8)
        self._of: tuple[object, ...] = ()

    def __call__(self, picture: Picture, layout: str) -> Picture:
        if picture.shape == self._canvas.shape:
            return picture
        if self._of != (picture.shape, layout):
            self._of = picture.shape, layout
            self._canvas[:] = 0
        down, across = HALVES.get(layout, (1, 1))
        for view, place in zip(
            _parts(picture, down, across), _parts(self._canvas, down, across), strict=True
        ):
            _fill(view, place)
        return self._canvas


def _parts(picture: Picture, down: int, across: int) -> list[Picture]:
    rows, columns = picture.shape[0] // down, picture.shape[1] // across
    return [
        picture[row * rows : (row + 1) * rows, column * columns : (column + 1) * columns]
        for row in range(down)
        for column in range(across)
    ]


def _fill(view: Picture, place: Picture) -> None:
    """As large as fits, in the middle."""
    (rows, columns), (high, wide) = view.shape[:2], place.shape[:2]
    scale = min(high / rows, wide / columns)
    height, width = max(1, round(rows * scale)), max(1, round(columns * scale))
    top, left = (high - height) // 2, (wide - width) // 2
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    place[top : top + height, left : left + width] = cv2.resize(view, (width, height), interpolation=how)
