"""Where the two views lie in the picture, for each layout."""

from typing import NamedTuple


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

    rows: int
    columns: int
    left_eye: View
    right_eye: View


def fitted(height: int, width: int, most: int) -> tuple[int, int]:
    """The frame's size, not higher than `most` and never larger than it is; both even."""
    if height > most:
        height, width = most, round(width * most / height)
    return height & ~1, width & ~1


def lay_out(name: str, height: int, width: int, fill_16_9: bool) -> Layout:
    """For a frame of this size, both even."""
    rows, columns = canvas(height, width) if fill_16_9 else (height, width)
    top, left = (rows - height) // 2 & ~1, (columns - width) // 2 & ~1
    side_by_side = name in ("half-sbs", "full-sbs", "rgb+depth")
    across, down = 1 + (name == "half-sbs"), 1 + (name == "half-tab")
    first = View(top // down, left // across, height // down, width // across, down, across)
    if side_by_side:
        eye = columns // across
        return Layout(rows, 2 * eye, first, first._replace(left=first.left + eye))
    eye = rows // down
    return Layout(2 * eye, columns, first, first._replace(top=first.top + eye))


def canvas(height: int, width: int) -> tuple[int, int]:
    """The smallest 16:9 that the frame fits in, in multiples of four."""
    rows, columns = max(height, -(-width * 9 // 16)), max(width, -(-height * 16 // 9))
    return (rows + 3) & ~3, (columns + 3) & ~3
