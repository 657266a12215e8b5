"""The warp: the left eye plus, the right eye minus; what is near wins, and holes show what lies behind."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from workers.stereo import LAYOUTS
from workers.stereo._layout import Layout, lay_out
from workers.stereo._parallax import Parallax
from workers.stereo.warp import full_nearness, warp_views

Picture = npt.NDArray[np.uint8]
Map = npt.NDArray[np.float32]
ROWS, COLUMNS = 24, 96
WALL, BOX, BOX_AT, BOX_TO = (60, 90, 120), (250, 200, 20), 40, 56


def box_before_wall(near: float = 1.0) -> tuple[Picture, Map]:
    """A flat box before a flat wall; the wall is at nearness 0.5, on the screen."""
    frame = np.empty((ROWS, COLUMNS, 3), np.uint8)
    frame[:], frame[:, BOX_AT:BOX_TO] = WALL, BOX
    nearness = np.full((ROWS, COLUMNS), 0.5, np.float32)
    nearness[:, BOX_AT:BOX_TO] = near
    return frame, nearness


def eyes(
    frame: Picture, nearness: Map, parallax: Parallax, name: str = "full-sbs"
) -> tuple[Picture, Picture, Layout]:
    layout = lay_out(name, frame.shape[0], frame.shape[1], False)
    picture = np.full((layout.rows, layout.columns, 3), 77, np.uint8)
    warp_views(frame, nearness, parallax, picture, layout)
    views = [
        picture[view.top : view.top + view.rows, view.left : view.left + view.columns]
        for view in (layout.left_eye, layout.right_eye)
    ]
    return views[0], views[1], layout


def box_in(view: Picture) -> tuple[int, int]:
    """From which column to which it is the box's colour, the same in every row."""
    is_box = (view == BOX).all(axis=2)
    assert (is_box == is_box[0]).all()
    columns = np.flatnonzero(is_box[0])
    assert len(columns) == columns[-1] - columns[0] + 1, "in one piece"
    return int(columns[0]), int(columns[-1]) + 1


def noise(rows: int = ROWS, columns: int = COLUMNS) -> Picture:
    return np.random.default_rng(6).integers(0, 256, (rows, columns, 3), dtype=np.uint8)


@pytest.mark.parametrize("name", ["full-sbs", "full-tab"])
@pytest.mark.parametrize("size", [(2, 2), (24, 96), (50, 34)])
def test_contract_without_strength_both_eyes_see_the_very_frame(name: str, size: tuple[int, int]) -> None:
    frame, nearness = noise(*size), np.random.default_rng(7).random((9, 16), np.float32)
    left, right, _ = eyes(frame, nearness, Parallax(0.0, 0.5, 10.0), name)
    assert (left == frame).all()
    assert (right == frame).all()


@pytest.mark.parametrize("level", [0.0, 0.25, 1.0])
def test_contract_what_is_as_near_as_the_screen_does_not_move(level: float) -> None:
    frame = noise()
    left, right, _ = eyes(frame, np.full((6, 8), level, np.float32), Parallax(40.0, level, 20.0))
    assert (left == frame).all()
    assert (right == frame).all()


@pytest.mark.parametrize(("near", "by"), [(1.0, 6), (0.75, 3)])
def test_contract_the_left_eye_sees_near_things_farther_right_and_the_right_eye_farther_left(
    near: float, by: int
) -> None:
    frame, nearness = box_before_wall(near)
    left, right, _ = eyes(frame, nearness, Parallax(12.0, 0.5, 20.0))
    assert box_in(left) == (BOX_AT + by, BOX_TO + by)
    assert box_in(right) == (BOX_AT - by, BOX_TO - by)


@pytest.mark.parametrize(("near", "by"), [(0.0, 6), (0.25, 3)])
def test_contract_far_things_move_the_other_way_behind_a_frame_that_stays(near: float, by: int) -> None:
    """As through a window: its edges are the wall's, and a stripe on what is behind it moves."""
    frame, nearness = box_before_wall(near)
    frame[:, 48] = (0, 0, 255)
    left, right, _ = eyes(frame, nearness, Parallax(12.0, 0.5, 20.0))
    for view, sign in ((left, 1), (right, -1)):
        assert np.flatnonzero((view[5] == (0, 0, 255)).all(axis=1)) == [48 - sign * by]
        wall = (view == WALL).all(axis=2)
        assert wall[:, :BOX_AT].all()
        assert wall[:, BOX_TO:].all()
        assert not wall[:, BOX_AT:BOX_TO].any()


def test_contract_nothing_moves_farther_than_the_comfort_budget() -> None:
    frame, nearness = box_before_wall()
    left, right, _ = eyes(frame, nearness, Parallax(1000.0, 0.5, 5.0))
    assert box_in(left) == (BOX_AT + 5, BOX_TO + 5)
    assert box_in(right) == (BOX_AT - 5, BOX_TO - 5)


def test_contract_holes_show_what_lies_behind_and_nothing_else_is_there() -> None:
    """Neither black nor a smear of the box: every pixel is of the one or of the other."""
    frame, nearness = box_before_wall()
    for view in eyes(frame, nearness, Parallax(16.0, 0.5, 20.0))[:2]:
        begin, end = box_in(view)
        assert end - begin == BOX_TO - BOX_AT
        around = np.delete(view, np.s_[begin:end], axis=1)
        assert (around == WALL).all()


def test_contract_of_all_that_lands_on_a_pixel_the_nearest_is_seen() -> None:
    """Three planes that meet: the nearest comes before both, in both eyes."""
    frame, nearness = box_before_wall(0.75)
    frame[:, BOX_TO : BOX_TO + 8], nearness[:, BOX_TO : BOX_TO + 8] = (0, 255, 0), 1.0
    left, right, _ = eyes(frame, nearness, Parallax(16.0, 0.5, 20.0))
    for view, sign in ((left, 1), (right, -1)):
        green = np.flatnonzero((view[5] == (0, 255, 0)).all(axis=1))
        assert (green[0], green[-1] + 1) == (BOX_TO + sign * 8, BOX_TO + 8 + sign * 8)
    assert box_in(right) == (BOX_AT - 4, BOX_TO - 8), "the nearest covers a part of the box"
    assert box_in(left)[0] == BOX_AT + 4


def test_contract_a_gentle_slope_is_stretched_and_not_torn() -> None:
    """A fifth of a pixel more for each: no hole in between, every value between its neighbours'. Only beside
    the frame, where nothing was, it is mirrored."""
    ramp = np.linspace(0, 255, COLUMNS).astype(np.uint8)
    frame = np.ascontiguousarray(np.broadcast_to(ramp[None, :, None], (ROWS, COLUMNS, 3)))
    slope = np.broadcast_to(np.linspace(0, 1, COLUMNS, dtype=np.float32), (ROWS, COLUMNS))
    for view in eyes(frame, np.ascontiguousarray(slope), Parallax(20.0, 0.5, 20.0))[:2]:
        steps = np.diff(view[3, 11:-11, 0].astype(int))
        assert steps.min() >= 0
        assert steps.max() <= 5


@pytest.mark.parametrize("scale", [2, 4])
def test_contract_a_smaller_map_s_outline_follows_the_picture(scale: int) -> None:
    """The box's edge lies in the middle of a map pixel; the colours tell whose each pixel is."""
    frame = np.empty((ROWS, COLUMNS, 3), np.uint8)
    frame[:], frame[:, 41:57] = WALL, BOX
    nearness = np.full((ROWS // scale, COLUMNS // scale), 0.5, np.float32)
    nearness[:, 41 // scale : 57 // scale] = 1.0
    left, right, _ = eyes(frame, nearness, Parallax(12.0, 0.5, 20.0))
    assert box_in(left) == (41 + 6, 57 + 6)
    assert box_in(right) == (41 - 6, 57 - 6)


def outline_of(front: Picture) -> tuple[int, int]:
    """uint8[H, W] of 0 and 1: the outline's length, and the pixels of what is one wide."""
    length = sum(np.count_nonzero(np.diff(front.astype(int), axis=axis)) for axis in (0, 1))
    wide = [
        cv2.morphologyEx(front, how, np.ones(line, np.uint8))
        for how in (cv2.MORPH_OPEN, cv2.MORPH_CLOSE)
        for line in ((1, 3), (3, 1))
    ]
    return length, sum(np.count_nonzero(front != without) for without in wide)


@pytest.mark.parametrize("scale", [2, 4, 6])
@pytest.mark.parametrize(
    ("strong", "most_longer", "most_spurs"), [(10, 1.03, 3), (20, 1.07, 10), (30, 1.1, 20)]
)
def test_contract_noise_leaves_an_outline_calm(
    scale: int, strong: float, most_longer: float, most_spurs: int
) -> None:
    """A disc that differs from what is behind it by 40 levels, and a soft map. Were each pixel left with what
    its own colour says, the outline would be up to 1.8 times as long as the disc's, with 300 spurs."""
    rows, columns = 160, 240
    y, x = np.mgrid[:rows, :columns]
    disc = ((x - 120) ** 2 + (y - 80) ** 2 < 55**2).astype(np.uint8)
    grain = np.random.default_rng(3).normal(0, strong, (rows, columns, 3))
    frame = (100 + 40.0 * disc[..., None] + grain).clip(0, 255).astype(np.uint8)
    small = cv2.resize(
        0.2 + 0.6 * disc, (columns // scale, rows // scale), interpolation=cv2.INTER_AREA
    ).astype(np.float32)
    front = (full_nearness(frame, cv2.GaussianBlur(small, (0, 0), 1.0)) > 0.5).astype(np.uint8)
    length, spurs = outline_of(front)
    assert length <= most_longer * outline_of(disc)[0]
    assert spurs <= most_spurs
    assert np.count_nonzero(front != disc) < length, "on average it is within a pixel of the disc's"


@pytest.mark.parametrize(("half", "full"), [("half-sbs", "full-sbs"), ("half-tab", "full-tab")])
def test_contract_half_layouts_are_the_mean_of_the_full_ones(half: str, full: str) -> None:
    """Nothing is left out: each of their pixels is made from two of the whole view."""
    frame = noise()
    nearness = np.random.default_rng(8).random((6, 24), np.float32)
    parallax = Parallax(10.0, 0.5, 8.0)
    for small, large in zip(
        eyes(frame, nearness, parallax, half)[:2], eyes(frame, nearness, parallax, full)[:2], strict=True
    ):
        rows, columns = small.shape[:2]
        parts = large.reshape(rows, large.shape[0] // rows, columns, large.shape[1] // columns, 3)
        assert np.abs(small - parts.mean(axis=(1, 3))).max() <= 1.01


@pytest.mark.parametrize("name", [name for name in LAYOUTS if name.endswith(("sbs", "tab"))])
def test_contract_only_the_views_are_written(name: str) -> None:
    """The bars around them belong to somebody else."""
    frame = noise(40, 40)
    layout = lay_out(name, 40, 40, True)
    picture = np.full((layout.rows, layout.columns, 3), 77, np.uint8)
    nearness = np.full((5, 5), 0.5, np.float32)
    warp_views(frame, nearness, Parallax(4.0, 0.5, 5.0), picture, layout)
    for view in (layout.left_eye, layout.right_eye):
        picture[view.top : view.top + view.rows, view.left : view.left + view.columns] = 77
    assert (picture == 77).all()
