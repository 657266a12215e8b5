"""Where the two views lie in the picture, for each layout."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

ANAGLYPHS: dict[str, tuple[tuple[float, ...], ...]] = {
    # E. Dubois, "A projection method to generate anaglyph stereo images", ICASSP 2001: least squares for
    # red-cyan glasses and a CRT's primaries.
    "anaglyph-dubois": (
        (0.437, 0.449, 0.164, -0.011, -0.032, -0.007),
        (-0.062, -0.062, -0.024, 0.377, 0.761, 0.009),
        (-0.048, -0.050, -0.017, -0.026, -0.093, 1.234),
    ),
    # Grey for the left eye, colour for the right: the luma of ITU-R BT.601.
    "anaglyph-half-colour": (
        (0.299, 0.587, 0.114, 0, 0, 0),
        (0, 0, 0, 0, 1, 0),
        (0, 0, 0, 0, 0, 1),
    ),
    "anaglyph-grey": (
        (0.299, 0.587, 0.114, 0, 0, 0),
        (0, 0, 0, 0.299, 0.587, 0.114),
        (0, 0, 0, 0.299, 0.587, 0.114),
    ),
}
"""Red, green and blue of the picture from red, green and blue of the left and of the right eye."""

SIDE_BY_SIDE = ("half-sbs", "full-sbs", "rgb+depth")
TOP_BOTTOM = ("half-tab", "full-tab")
BY_PIXEL = ("row-interlaced", "column-interlaced", "checkerboard")
"""Both eyes in one place, pixel by pixel the one or the other, as the monitor's own pixels are."""
WITHOUT_VIEWS = ("depth", "rgb+depth")
"""No second view is made."""


class View(NamedTuple):
    """One eye's place: rows and columns of its picture (without the bars around it), and how many source
    pixels go into one of its pixels, down and across. The canvas includes the bars."""

    top: int
    left: int
    rows: int
    columns: int
    down: int
    across: int


class Layout(NamedTuple):
    """The size of the whole picture, and where the views are in it."""

    name: str
    rows: int
    columns: int
    left_eye: View
    right_eye: View


def fitted(height: int, width: int, most: int) -> tuple[int, int]:
    """The frame's size, not higher than `most` and never larger than it is; both even, and so at least 2."""
    if height > most:
        height, width = most, round(width * most / height)
    return even(height), even(width)


def even(pixels: int) -> int:
    """Of a side of a frame: no more than there are, but two of a single one."""
    return max(2, pixels & ~1)


def lay_out(name: str, height: int, width: int, fill_16_9: bool) -> Layout:
    """For a frame of this size, both even."""
    rows, columns = canvas(height, width) if fill_16_9 else (height, width)
    top, left = (rows - height) // 2 & ~1, (columns - width) // 2 & ~1
    across, down = 1 + (name == "half-sbs"), 1 + (name == "half-tab")
    first = View(top // down, left // across, height // down, width // across, down, across)
    if name in SIDE_BY_SIDE:
        eye = columns // across
        return Layout(name, rows, 2 * eye, first, first._replace(left=first.left + eye))
    if name in TOP_BOTTOM:
        eye = rows // down
        return Layout(name, 2 * eye, columns, first, first._replace(top=first.top + eye))
    return Layout(name, rows, columns, first, first)


def canvas(height: int, width: int) -> tuple[int, int]:
    """The smallest 16:9 that the frame fits in, in multiples of four."""
    rows, columns = max(height, -(-width * 9 // 16)), max(width, -(-height * 16 // 9))
    return (rows + 3) & ~3, (columns + 3) & ~3


def place(picture: npt.NDArray[np.uint8], view: View) -> npt.NDArray[np.uint8]:
    """One eye's part of the picture."""
    return picture[view.top : view.top + view.rows, view.left : view.left + view.columns]


def clear_bars(picture: npt.NDArray[np.uint8], layout: Layout) -> None:
    """Black around the views, if there is anything around them; slots come with what was in them."""
    covered = sum(view.rows * view.columns for view in {layout.left_eye, layout.right_eye})
    if covered < layout.rows * layout.columns:
        picture[:] = 0
