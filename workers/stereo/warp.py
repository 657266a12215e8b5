"""The forward warp: one pass over the frame makes both views, straight into the slot, on all threads.

What a view is stands in _definition.py.
"""

import math
from typing import Literal

import numpy as np
import numpy.typing as npt
from numba import njit, prange, types

from workers.stereo._compiled import compiled, forget_stale
from workers.stereo._holes import blend_edges, fill_holes, keep_apart
from workers.stereo._layout import ANAGLYPHS, Layout
from workers.stereo._mix import (
    BESIDE,
    CHEQUER,
    COLOURS,
    COLUMNS,
    ONE,
    ROWS,
    halve,
    in_1024ths,
    is_seen,
    merge,
    mix_colours,
    take_turns,
)
from workers.stereo._nearness import make_lines, nearness_of_row
from workers.stereo._parallax import Parallax
from workers.stereo._rows import (
    aim,
    close_cracks,
    find_tears,
    land_in_order,
    land_nearest,
    move,
    pack,
    sample,
    unpack,
)
from workers.stereo._sharpen import sharpened

Quality = Literal["best", "fast"]
BLOCK = 54  # rows that one thread does at a time
SPARE = 2  # pixels beside the row, for what lands just outside
MIXES = {
    "column-interlaced": COLUMNS,
    "row-interlaced": ROWS,
    "checkerboard": CHEQUER,
    "frame-sequential": ONE,
} | dict.fromkeys(ANAGLYPHS, COLOURS)
Coarse = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]  # float32[h, w], float32[3, h, w]
NO_COLOURS = np.empty((3, 0, 0), np.float32)
NO_MATRIX = ((0.0,) * 6,) * 3


def forward_warp(
    frame: npt.NDArray[np.uint8],
    parallax: npt.NDArray[np.float32],
    nearness: npt.NDArray[np.float32],
    out: npt.NDArray[np.uint8] | None = None,
    quality: Quality = "best",
) -> npt.NDArray[np.uint8]:
    """One view: frame uint8[H, W, C], parallax (pixels) and nearness float32[H, W] → uint8[H, W, C].

    A source pixel at x lands at x + parallax; where several land, the one with the greater nearness is seen.
    Raises ValueError for arrays that do not fit together.
    """
    if frame.ndim != 3 or frame.shape[2] not in (3, 4) or frame.dtype != np.uint8:
        shape = f"{frame.dtype}{list(frame.shape)}"
        raise ValueError(f"forward_warp: the frame is {shape}, and has to be uint8[H, W, 3 or 4]")
    for name, array in (("parallax", parallax), ("nearness", nearness)):
        if array.shape != frame.shape[:2] or array.dtype != np.float32:
            raise ValueError(
                f"forward_warp: {name} is {array.dtype}{list(array.shape)}, "
                f"and for this frame has to be float32{list(frame.shape[:2])}"
            )
    if out is None:
        out = np.empty_like(frame, order="C")
    elif out.shape != frame.shape or out.dtype != np.uint8 or not out.flags.c_contiguous:
        raise ValueError("forward_warp: out has to be a contiguous uint8 array of the frame's shape")
    most = float(np.abs(parallax).max(initial=0))
    if not math.isfinite(most):
        raise ValueError("forward_warp: the parallax is not finite everywhere")
    maps = (np.ascontiguousarray(parallax), np.ascontiguousarray(nearness))
    _warp_one(_flat(frame), frame.shape[2], *maps, _margin(most), quality == "best", _flat(out))
    return out


def warp_views(
    frame: npt.NDArray[np.uint8],
    nearness: npt.NDArray[np.float32],
    parallax: Parallax,
    picture: npt.NDArray[np.uint8],
    layout: Layout,
    quality: Quality = "best",
    phase: int = 0,
) -> None:
    """frame uint8[H, W, 3], nearness float32[h, w] of any size → both views, laid out in `picture`, in place.

    `phase` says where a layout begins in which the eyes take turns: 1 for a picture whose first row (column)
    lies on an odd one of the screen, or, frame by frame, for the right eye.
    """
    matrix = in_1024ths(ANAGLYPHS.get(layout.name, NO_MATRIX))
    mix = MIXES.get(layout.name, BESIDE)
    _warp(
        *(_flat(frame), frame.shape[2], _with_edges(frame, nearness), tuple(parallax)),
        *(_margin(parallax.budget), quality == "best", mix, phase, matrix),
        *(tuple(layout.left_eye), tuple(layout.right_eye), _flat(picture)),
    )


def full_nearness(
    frame: npt.NDArray[np.uint8],
    nearness: npt.NDArray[np.float32],
    quality: Quality = "best",
    out: npt.NDArray[np.float32] | None = None,
) -> npt.NDArray[np.float32]:
    """The map float32[h, w] as it is used, float32[H, W]: along the edges of the frame, uint8[H, W, C]."""
    near = np.empty(frame.shape[:2], np.float32) if out is None else out
    _all_nearness(_flat(frame), frame.shape[2], _with_edges(frame, nearness), quality == "best", near)
    return near


def _with_edges(frame: npt.NDArray[np.uint8], nearness: npt.NDArray[np.float32]) -> Coarse:
    """A coarser map than the frame with its edges where the frame has them, and what its pixels look like."""
    if nearness.shape == frame.shape[:2]:
        return np.ascontiguousarray(nearness), NO_COLOURS
    return sharpened(frame, nearness)


def _flat(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """[H, W, C] as [H, W · C]: rows are then plain runs of bytes."""
    if not pixels.flags.c_contiguous:
        pixels = np.ascontiguousarray(pixels)
    return pixels.reshape(pixels.shape[0], -1)


def _margin(most: float) -> int:
    """Columns beside the row for pixels that land outside."""
    return math.ceil(most) + SPARE


@compiled
def _make_rows(width, margin):  # type: ignore[no-untyped-def]
    """Arrays for one thread, see _rows.py: (places, cells, looks, landed), (colours, pairs), (source, flags,
    tears, both)."""
    places, cells, looks = np.empty(width, np.int32), np.empty(width, np.uint32), np.empty(width, np.int32)
    landed = np.empty(width + 2 * margin, np.int32)
    colours, pairs = np.empty(width + 1, np.uint32), np.empty(width, np.uint64)
    source, both = np.empty(width, np.int32), np.empty(width, np.uint64)
    flags, tears = np.zeros((width + 7) & ~7, np.uint8), np.empty(width, np.int32)
    return (places, cells, looks, landed), (colours, pairs), (source, flags, tears, both)


@compiled
def _see(scene, y, near, places, landed, pixels, scratch, margin, best, line):  # type: ignore[no-untyped-def]
    """What is seen in the row once its pixels have landed."""
    (colours, pairs), (source, flags, tears, both) = pixels, scratch
    close_cracks(landed, margin, source)
    tears = tears[: find_tears(source, flags, tears)]
    sample(pairs, source, both, line)
    if best:
        keep_apart(colours, places, source, tears, line)
    fill_holes(scene, y, near, colours, places, source, tears, line, best)
    if best:
        blend_edges(near, colours, places, source, tears, line)


@compiled
def _lay_out(lines, mix, phase, matrix, row, left, right, columns, down, across, picture):  # type: ignore[no-untyped-def]
    """One row of what both eyes see → the picture."""
    if mix == BESIDE:
        for eye in range(2):
            top, first = (left[0], left[1]) if eye == 0 else (right[0], right[1])
            line = lines[eye, 0]
            if down == 2:
                merge(line, lines[eye, 1])
            if across == 2:
                halve(line)
            unpack(line[:columns], 3, picture[top + row, 3 * first : 3 * (first + columns)])
        return
    line = lines[0, 0]
    if mix == COLOURS:
        mix_colours(line, lines[1, 0], matrix)
    elif mix == ROWS:
        line = lines[(row + phase) % 2, 0]
    elif mix == ONE:
        line = lines[phase % 2, 0]
    else:
        take_turns(line, lines[1, 0], mix, phase, row)
    unpack(line, 3, picture[left[0] + row, 3 * left[1] : 3 * (left[1] + columns)])


forget_stale(__file__)
_PIXELS = types.Array(types.uint8, 2, "C", readonly=True)
_MAP = types.Array(types.float32, 2, "C", readonly=True)
_TARGET = types.Array(types.uint8, 2, "C")
_VIEW = types.UniTuple(types.int64, 6)  # type: ignore[no-untyped-call]
_FORMULA = types.UniTuple(types.float32, 3)  # type: ignore[no-untyped-call]
_NUMBERS = (types.int64, types.boolean, types.int64, types.int64)
_MATRIX = types.Array(types.int32, 2, "C")
_COARSE = types.Tuple((_MAP, types.Array(types.float32, 3, "C")))  # type: ignore[no-untyped-call]
_BOTH = types.void(_PIXELS, types.int64, _COARSE, _FORMULA, *_NUMBERS, _MATRIX, _VIEW, _VIEW, _TARGET)


@njit(_BOTH, parallel=True, nogil=True, fastmath=True, cache=True)  # compiled at import, for all callers
def _warp(  # type: ignore[no-untyped-def]
    frame, channels, coarse, formula, margin, best, mix, phase, matrix, left, right, picture
):
    scale, convergence, budget = formula
    width, rows, columns, down, across = frame.shape[1] // channels, left[2], left[3], left[4], left[5]
    for block in prange((rows + BLOCK - 1) // BLOCK):
        (places, cells, looks, landed), pixels, scratch = _make_rows(width, margin)
        near, around = np.empty(width, np.float32), make_lines(width, coarse[0].shape[1])
        lines = np.empty((2, 2, width), np.uint32)
        for row in range(block * BLOCK, min(rows, (block + 1) * BLOCK)):
            for part in range(down):
                y = row * down + part
                pack(frame[y], channels, *pixels)
                first = block * BLOCK * down
                nearness_of_row(frame, channels, coarse, y, first, best, around, scratch[1], scratch[2], near)
                for eye in range(2):
                    if is_seen(mix, eye, phase, row):
                        sign = np.float32(1 - 2 * eye)
                        scene = (frame, channels, coarse[0], (scale, convergence, budget, sign))
                        move(near, scale, convergence, budget, sign, places)
                        aim(places, margin, cells, looks)
                        land_in_order(cells, looks, (eye == 0) == (scale >= 0), landed)
                        _see(scene, y, near, places, landed, pixels, scratch, margin, best, lines[eye, part])
            _lay_out(lines, mix, phase, matrix, row, left, right, columns, down, across, picture)


@njit(parallel=True, nogil=True, fastmath=True, cache=True)
def _warp_one(frame, channels, parallax, nearness, margin, best, out):  # type: ignore[no-untyped-def]
    height, width = nearness.shape
    one, none, all_ = np.float32(1), np.float32(0), np.float32(1e30)
    for block in prange((height + BLOCK - 1) // BLOCK):
        (places, cells, looks, landed), pixels, scratch = _make_rows(width, margin)
        depth, line = np.empty(landed.size, np.float32), np.empty(width, np.uint32)
        for y in range(block * BLOCK, min(height, (block + 1) * BLOCK)):
            pack(frame[y], channels, *pixels)
            scene = (frame, channels, parallax, (one, none, all_, one))
            move(parallax[y], one, none, all_, one, places)
            aim(places, margin, cells, looks)
            land_nearest(cells, looks, nearness[y], landed, depth)
            _see(scene, y, nearness[y], places, landed, pixels, scratch, margin, best, line)
            unpack(line, channels, out[y])


@njit(parallel=True, nogil=True, fastmath=True, cache=True)
def _all_nearness(frame, channels, coarse, best, near):  # type: ignore[no-untyped-def]
    height, width = near.shape
    for block in prange((height + BLOCK - 1) // BLOCK):
        around, first = make_lines(width, coarse[0].shape[1]), block * BLOCK
        flags, edges = np.zeros((width + 7) & ~7, np.uint8), np.empty(width, np.int32)
        for y in range(first, min(height, first + BLOCK)):
            nearness_of_row(frame, channels, coarse, y, first, best, around, flags, edges, near[y])
