"""Where the two views lie, for every layout and every size of frame; and how far nearness moves a pixel."""

import itertools

import numpy as np
import pytest

from workers.stereo import LAYOUTS, Settings
from workers.stereo._layout import View, canvas, fitted, lay_out
from workers.stereo._parallax import parallax_for

SIZES = [(1080, 1920), (720, 1280), (1080, 2560), (1440, 1080), (2, 2), (96, 160), (362, 642), (1078, 1918)]
TWO_VIEWS = [layout for layout in LAYOUTS if layout.endswith(("sbs", "tab")) or layout == "rgb+depth"]


def corners(view: View) -> tuple[int, int, int, int]:
    return view.top, view.left, view.top + view.rows, view.left + view.columns


@pytest.mark.parametrize(
    ("name", "size", "right"),
    [
        ("half-sbs", (1080, 1920), (0, 960)),
        ("full-sbs", (1080, 3840), (0, 1920)),
        ("half-tab", (1080, 1920), (540, 0)),
        ("full-tab", (2160, 1920), (1080, 0)),
        ("rgb+depth", (1080, 3840), (0, 1920)),
    ],
)
def test_contract_sizes_of_each_layout_for_a_full_hd_frame(
    name: str, size: tuple[int, int], right: tuple[int, int]
) -> None:
    for fill in (False, True):
        layout = lay_out(name, 1080, 1920, fill)
        assert (layout.rows, layout.columns) == size
        assert (layout.left_eye.top, layout.left_eye.left) == (0, 0)
        assert (layout.right_eye.top, layout.right_eye.left) == right


@pytest.mark.parametrize("fill", [False, True])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", TWO_VIEWS)
def test_contract_both_views_have_the_whole_frame_and_their_own_half(
    name: str, size: tuple[int, int], fill: bool
) -> None:
    layout = lay_out(name, *size, fill)
    left, right = layout.left_eye, layout.right_eye
    for view in (left, right):
        assert (view.rows * view.down, view.columns * view.across) == size
        top, first, bottom, last = corners(view)
        assert 0 <= top < bottom <= layout.rows
        assert 0 <= first < last <= layout.columns
    beside = name in ("half-sbs", "full-sbs", "rgb+depth")
    middle = (layout.columns if beside else layout.rows) / 2
    assert corners(left)[3 if beside else 2] <= middle <= corners(right)[1 if beside else 0]
    assert right._replace(top=left.top, left=left.left) == left


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", TWO_VIEWS)
def test_contract_a_view_lies_in_the_middle_of_its_half(name: str, size: tuple[int, int]) -> None:
    layout = lay_out(name, *size, True)
    beside = name in ("half-sbs", "full-sbs", "rgb+depth")
    rows = layout.rows if beside else layout.rows // 2
    columns = layout.columns // 2 if beside else layout.columns
    view = layout.left_eye
    assert abs(view.top - (rows - view.top - view.rows)) <= 2
    assert abs(view.left - (columns - view.left - view.columns)) <= 2


@pytest.mark.parametrize(
    ("height", "width", "size"),
    [
        (1080, 1920, (1080, 1920)),
        (1080, 2560, (1440, 2560)),
        (1440, 1080, (1440, 2560)),
        (720, 720, (720, 1280)),
    ],
)
def test_contract_the_canvas_is_the_smallest_16_to_9(height: int, width: int, size: tuple[int, int]) -> None:
    assert canvas(height, width) == size


@pytest.mark.parametrize(
    ("height", "width"), list(itertools.product((2, 100, 362, 1078), (2, 100, 642, 1918)))
)
def test_contract_the_canvas_holds_the_frame_in_multiples_of_four(height: int, width: int) -> None:
    rows, columns = canvas(height, width)
    assert (rows % 4, columns % 4) == (0, 0)
    assert rows >= height
    assert columns >= width
    assert abs(rows * 16 - columns * 9) <= 4 * 16


@pytest.mark.parametrize(
    ("height", "width", "most", "size"),
    [
        (1080, 1920, 1080, (1080, 1920)),
        (2160, 3840, 1080, (1080, 1920)),
        (1079, 1921, 1080, (1078, 1920)),
        (363, 641, 1080, (362, 640)),
        (1200, 1001, 1080, (1080, 900)),
        (1081, 1921, 1080, (1080, 1918)),
        (3000, 2001, 240, (240, 160)),
        (4000, 4, 240, (240, 2)),
        (1, 300, 1080, (2, 300)),
    ],
)
def test_contract_a_frame_is_never_made_larger_and_both_sides_are_even(
    height: int, width: int, most: int, size: tuple[int, int]
) -> None:
    assert fitted(height, width, most) == size


@pytest.mark.parametrize(
    ("strength", "ipd", "convergence", "width"),
    list(
        itertools.product(
            (0.0, 1.0, 2.0, 10.0), (0.058, 0.064, 0.072), (-0.5, 0.0, 0.5, 1.5), (640, 1920, 3840)
        )
    ),
)
def test_contract_parallax_is_the_formula_of_the_design(
    strength: float, ipd: float, convergence: float, width: int
) -> None:
    """width · 0.0025 · strength · (ipd / 0.064) · (nearness − convergence), clipped to the comfort budget."""
    settings = Settings(strength=strength, ipd=ipd, convergence=convergence, comfort_percent=1.5)
    scale, level, budget = parallax_for(settings, width)
    for nearness in (0.0, 0.25, 0.5, 1.0):
        wanted = width * 0.0025 * strength * (ipd / 0.064) * (nearness - convergence)
        wanted = max(-width * 0.015, min(width * 0.015, wanted))
        assert np.clip(scale * (nearness - level), -budget, budget) == pytest.approx(wanted)


def test_contract_what_the_defaults_make_of_a_full_hd_frame() -> None:
    """±4.8 pixels an eye, well within the budget."""
    scale, level, budget = parallax_for(Settings(), 1920)
    assert scale * (1 - level) == pytest.approx(4.8)
    assert budget == pytest.approx(28.8)
