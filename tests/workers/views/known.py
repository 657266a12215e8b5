"""A square before a textured plane, and what both eyes see of it: laid out of two sheets, pixel by pixel, by
what each covers. Nothing here knows how a warp works."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from workers.stereo._layout import ANAGLYPHS

Picture = npt.NDArray[np.uint8]
Map = npt.NDArray[np.float32]
ROWS, COLUMNS = 48, 96
TOP, BOTTOM = 16, 32
SCREEN = 0.5  # the nearness that does not move


class Square(NamedTuple):
    """Columns first … last of a square, at this many pixels of parallax an eye; negative: a window in the
    plane, with what is behind it."""

    first: int
    last: int
    parallax: float


class Known(NamedTuple):
    """What an eye sees, float64[ROWS, COLUMNS, 3], and bool[ROWS, COLUMNS]: where neither sheet reaches, and
    where an outline crosses a pixel, which shows both."""

    view: npt.NDArray[np.float64]
    hole: npt.NDArray[np.bool_]
    outline: npt.NDArray[np.bool_]


def sheets(textured: bool, seed: int = 5) -> tuple[Picture, Picture]:
    """The plane and what is on the square: noise, or such that anybody can tell what is where neither
    reaches, a plane that gets brighter from top to bottom and a square of one colour."""
    if textured:
        random = np.random.default_rng(seed)
        plane = random.integers(0, 120, (ROWS, COLUMNS, 3), dtype=np.uint8)
        return plane, random.integers(140, 256, (ROWS, COLUMNS, 3), dtype=np.uint8)
    slope = np.arange(20, 20 + 3 * ROWS, 3, dtype=np.uint8)[:, None, None]
    plane = np.ascontiguousarray(np.broadcast_to(slope, (ROWS, COLUMNS, 3)))
    return plane, np.full_like(plane, (250, 210, 230))


def scene_of(square: Square, plane: Picture, cover: Picture) -> tuple[Picture, Map]:
    """The frame and its map: 0.5 for the plane, 1 for what is before it, 0 for what is behind."""
    frame, nearness = plane.copy(), np.full((ROWS, COLUMNS), SCREEN, np.float32)
    inside = np.s_[TOP:BOTTOM, square.first : square.last + 1]
    frame[inside], nearness[inside] = cover[inside], 1.0 if square.parallax > 0 else 0.0
    return frame, nearness


def seen_by(eye: int, square: Square, plane: Picture, cover: Picture) -> Known:
    """Left eye 0, right eye 1."""
    shift = abs(square.parallax) * (1 - 2 * eye) * (1 if square.parallax > 0 else -1)
    columns = np.arange(COLUMNS)
    known = np.clip(columns - shift, square.first, square.last)
    left = np.floor(known).astype(int)
    part = (known - left)[:, None]
    moved = cover[:, left] * (1 - part) + cover[:, np.minimum(left + 1, COLUMNS - 1)] * part
    there = 0 if square.parallax < 0 else shift  # a window's frame stays
    share = covered(columns, square.first + there, square.last + there)
    within = (columns >= square.first) & (columns <= square.last)
    if square.parallax > 0:
        hole = within & (share < 1)
    else:
        hole = within & (covered(columns, square.first + shift, square.last + shift) < 1)
    view, rows = plane.astype(np.float64), np.s_[TOP:BOTTOM]
    holes, outline = np.zeros((2, ROWS, COLUMNS), np.bool_)
    view[rows] = view[rows] * (1 - share[:, None]) + moved[rows] * share[:, None]
    holes[rows], outline[rows] = hole, (share > 0) & (share < 1)
    return Known(view, holes, outline)


def covered(columns: npt.NDArray[np.int64], first: float, last: float) -> npt.NDArray[np.float64]:
    """How much of each pixel lies between the outer edges of these two."""
    return np.clip(np.minimum(columns + 0.5, last + 0.5) - np.maximum(columns - 0.5, first - 0.5), 0, 1)


def laid_out(left: Picture, right: Picture, name: str, phase: int = 0) -> npt.NDArray[np.float64]:
    """Both eyes in a layout without bars, as a person would write it down."""
    left, right = left.astype(np.float64), right.astype(np.float64)
    rows, columns = (np.arange(size) for size in left.shape[:2])
    if name.startswith("half-sbs"):
        return np.hstack([(view[:, ::2] + view[:, 1::2]) / 2 for view in (left, right)])
    if name.startswith("half-tab"):
        return np.vstack([(view[::2] + view[1::2]) / 2 for view in (left, right)])
    if name.startswith("full"):
        return (np.hstack if name == "full-sbs" else np.vstack)([left, right])
    if name.startswith("anaglyph"):
        both = np.concatenate([left, right], axis=2)
        return np.clip(both @ np.array(ANAGLYPHS[name]).T, 0, 255)
    if name == "frame-sequential":
        return right if phase else left
    turns = {
        "row-interlaced": rows[:, None] + 0 * columns,
        "column-interlaced": columns + 0 * rows[:, None],
        "checkerboard": rows[:, None] + columns,
    }[name]
    return np.where(((turns + phase) % 2 == 1)[..., None], right, left)
