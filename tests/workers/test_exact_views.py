"""One square before a plane, or behind a window in it: every pixel of both views is known; and what holds for
all pictures."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.workers.views.back_ends import compiled
from tests.workers.views.known import COLUMNS, ROWS, SCREEN, Square, laid_out, scene_of, seen_by, sheets
from workers.stereo import LAYOUTS, Settings
from workers.stereo._layout import Layout, lay_out
from workers.stereo._parallax import Parallax, parallax_for
from workers.stereo.warp import forward_warp

Picture = npt.NDArray[np.uint8]
Map = npt.NDArray[np.float32]
Warp = Callable[[Picture, Map, Map], Picture]
SQUARES = {
    "before": (40, 55, 6.0),
    "before, half a pixel": (40, 55, 2.5),
    "before, a quarter": (40, 55, 7.25),
    "before, three quarters": (40, 55, 4.75),
    "behind": (40, 55, -6.0),
    "behind, half a pixel": (40, 55, -2.5),
    "thin": (47, 49, 6.0),
    "at the left border": (0, 15, 6.0),
    "at the right border": (COLUMNS - 16, COLUMNS - 1, 6.0),
    "near the border": (3, 20, 6.0),
}
WITH_TWO_VIEWS = [name for name in LAYOUTS if name not in ("rgb+depth", "depth")]


def whole(layout: str) -> Layout:
    """Without bars."""
    return lay_out(layout, ROWS, COLUMNS, False)


def with_torch(frame: Picture, parallax: Map, nearness: Map) -> Picture:
    torch: Any = pytest.importorskip("torch")
    from workers.stereo import _torch_warp

    return _torch_warp.forward_warp(*map(torch.from_numpy, (frame, parallax, nearness))).numpy()


def in_four_channels(frame: Picture, parallax: Map, nearness: Map) -> Picture:
    alpha = np.full((*frame.shape[:2], 1), 9, np.uint8)
    view = forward_warp(np.dstack([frame, alpha]), parallax, nearness)
    assert (view[..., 3] == 9).all()
    return view[..., :3]


@pytest.mark.parametrize("warp", [forward_warp, in_four_channels, with_torch])
@pytest.mark.parametrize("eye", [0, 1])
@pytest.mark.parametrize("square", SQUARES.values(), ids=SQUARES)
def test_contract_every_pixel_of_a_textured_square_before_a_textured_plane(
    square: tuple[int, int, float], eye: int, warp: Warp
) -> None:
    """But for what neither of them reaches: that is of the plane's colours, or, where nothing else is beside
    it, of the square's. And an outline shows the square and something of the plane's."""
    square = Square(*square)
    plane, cover = sheets(textured=True)
    frame, nearness = scene_of(square, plane, cover)
    parallax = np.where(nearness != SCREEN, abs(square.parallax) * np.sign(nearness - SCREEN), 0)
    view = warp(frame, ((1 - 2 * eye) * parallax).astype(np.float32), nearness)
    known = seen_by(eye, square, plane, cover)
    assert np.abs(view - known.view)[~known.hole & ~known.outline].max() <= 1
    filled = view[known.hole & ~known.outline]
    assert filled.size == 0 or filled.max() < 120 or filled.min() >= 140, "never a mixture"


@pytest.mark.parametrize("layout", WITH_TWO_VIEWS)
@pytest.mark.parametrize("square", [name for name in SQUARES if "at the" not in name])
def test_contract_every_pixel_of_every_layout(square: str, layout: str) -> None:
    """Of a plane whose colours are known behind the square as well."""
    chosen = Square(*SQUARES[square])
    plane, cover = sheets(textured=False)
    frame, nearness = scene_of(chosen, plane, cover)
    views = [seen_by(eye, chosen, plane, cover).view for eye in (0, 1)]
    parallax = Parallax(2 * abs(chosen.parallax), SCREEN, 20.0)
    for phase in (0, 1):
        picture = compiled(frame, nearness, parallax, whole(layout), phase)
        assert np.abs(picture - laid_out(*views, layout, phase)).max() <= 2  # type: ignore[arg-type]


@pytest.mark.parametrize("side", ["left", "right"])
def test_contract_beside_the_frame_s_border_nothing_foreign_appears(side: str) -> None:
    """A square that moves away from the border leaves a hole that only it is beside: its own colours."""
    square = Square(*SQUARES[f"at the {side} border"])
    plane, cover = sheets(textured=False)
    eye = 0 if side == "left" else 1
    picture = compiled(*scene_of(square, plane, cover), Parallax(12.0, SCREEN, 20.0), whole("full-sbs"))
    view = picture[:, :COLUMNS] if eye == 0 else picture[:, COLUMNS:]
    hole = np.s_[20:24, :6] if side == "left" else np.s_[20:24, -6:]
    assert np.abs(view[hole].astype(int) - cover[hole]).max() <= 2


def planes(seed: int) -> tuple[Picture, Map, Map]:
    """Overlapping rectangles on a handful of levels: frame uint8[48, 96, 3], parallax in whole pixels and
    nearness float32[48, 96]."""
    random = np.random.default_rng(seed)
    frame = random.integers(0, 256, (ROWS, COLUMNS, 3), dtype=np.uint8)
    nearness = np.zeros((ROWS, COLUMNS), np.float32)
    for _ in range(12):
        top, left = random.integers(0, ROWS - 4), random.integers(0, COLUMNS - 6)
        height, width = random.integers(3, ROWS), random.integers(4, 40)
        nearness[top : top + height, left : left + width] = random.integers(0, 5) / 4
    return frame, (nearness - np.float32(0.5)) * 16, nearness


@pytest.mark.parametrize("warp", [forward_warp, with_torch])
@pytest.mark.parametrize("seed", range(8))
def test_property_of_all_that_lands_somewhere_the_nearest_is_seen(seed: int, warp: Warp) -> None:
    frame, parallax, nearness = planes(seed)
    view = warp(frame, parallax, nearness)
    best = np.full((ROWS, COLUMNS), -1.0)
    wanted = np.zeros_like(frame)
    for y, x in np.ndindex(ROWS, COLUMNS):
        u = x + int(parallax[y, x])
        if 0 <= u < COLUMNS and nearness[y, x] > best[y, u]:
            best[y, u], wanted[y, u] = nearness[y, x], frame[y, x]
    assert (view[best >= 0] == wanted[best >= 0]).all()


@pytest.mark.parametrize("warp", [forward_warp, with_torch])
@pytest.mark.parametrize("seed", range(8))
def test_property_without_parallax_the_view_is_the_frame(seed: int, warp: Warp) -> None:
    frame, parallax, nearness = planes(seed)
    assert (warp(frame, np.zeros_like(parallax), nearness) == frame).all()


@pytest.mark.parametrize("warp", [forward_warp, with_torch])
@pytest.mark.parametrize("seed", range(8))
def test_property_a_mirrored_frame_is_seen_mirrored_by_the_other_eye(seed: int, warp: Warp) -> None:
    """With all that fills its holes."""
    frame, parallax, nearness = planes(seed)
    flipped = [np.ascontiguousarray(array[:, ::-1]) for array in (frame, -parallax, nearness)]
    mirrored = warp(*flipped)[:, ::-1]
    assert np.abs(warp(frame, parallax, nearness) - mirrored.astype(int)).max() <= 2


@pytest.mark.parametrize("layout", WITH_TWO_VIEWS)
def test_property_swapped_eyes_see_each_other_s_view(layout: str) -> None:
    frame, _, nearness = planes(3)
    plain, swapped = (parallax_for(Settings(swap_eyes=swap, strength=8.0), COLUMNS) for swap in (False, True))
    both = compiled(frame, nearness, plain, whole("full-sbs"))
    picture = compiled(frame, nearness, swapped, whole(layout))
    assert np.abs(picture - laid_out(both[:, COLUMNS:], both[:, :COLUMNS], layout)).max() <= 1


def test_contract_a_cursor_is_whole_in_both_eyes() -> None:
    """The capture draws it into the frame, and both views show it where the frame's depth puts it."""
    frame, nearness = scene_of(Square(30, 70, 6.0), *sheets(textured=False))
    arrow = np.tril(np.ones((9, 9), bool))
    frame[18:27, 45:54][arrow] = (255, 0, 255)
    picture = compiled(frame, nearness, Parallax(12.0, SCREEN, 20.0), whole("full-sbs"))
    for first in (45 + 6, COLUMNS + 45 - 6):
        assert ((picture == (255, 0, 255)).all(axis=2)[18:27, first : first + 9] == arrow).all()
