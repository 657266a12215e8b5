"""People on the screen, another background behind them at a chosen depth: exact pictures for both eyes."""

from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from workers.person._behind import Still, colour_of
from workers.person._composite import composite, composite_for_both_eyes
from workers.person._eyes import lay, layout_for, shifts
from workers.person.background import Settings
from workers.stereo import LAYOUTS
from workers.stereo import Settings as Stereo

pytestmark = pytest.mark.timeout(60)
Pixels = npt.NDArray[np.uint8]
ROWS, COLUMNS, SHIFT = 200, 400, 8
DEEP = Settings(behind_percent=100 * SHIFT / COLUMNS, light_wrap=0.0)
FLAT_LAYOUTS = ("depth", "rgb+depth")


def somebody() -> tuple[Pixels, Pixels]:
    """A red person in the middle of a frame, and the exact mask."""
    mask = np.zeros((ROWS, COLUMNS), np.uint8)
    cv2.ellipse(mask, (COLUMNS // 2, ROWS), (60, 140), 0, 0, 360, 255, -1)
    frame = np.full((ROWS, COLUMNS, 3), 128, np.uint8)
    frame[mask > 0] = (220, 20, 20)
    return frame, mask


def room() -> Pixels:
    """Every column is another, every row too."""
    y, x = np.mgrid[:ROWS, :COLUMNS]
    return np.stack([x * 5 % 256, y, (x + 2 * y) % 256], axis=2).astype(np.uint8)


def both(settings: Settings = DEEP, **stereo: object) -> tuple[Pixels, Pixels]:
    seen = shifts(settings, Stereo(**stereo))  # type: ignore[arg-type]
    return composite_for_both_eyes(*somebody(), Still(room()), settings, seen)


def test_contract_the_person_is_on_the_screen_and_what_is_behind_is_where_its_depth_says() -> None:
    """Both pictures are known exactly; each eye also sees what the person hides from the other."""
    left, right = both()
    frame, mask = somebody()
    person = mask > 0
    assert np.array_equal(left[person], frame[person])
    assert np.array_equal(right[person], frame[person])
    wide = np.pad(room(), ((0, 0), (SHIFT, SHIFT), (0, 0)), mode="edge")
    true_left, true_right = wide[:, 2 * SHIFT :], wide[:, : -2 * SHIFT]
    assert np.array_equal(left[~person], true_left[~person])
    assert np.array_equal(right[~person], true_right[~person])


def test_contract_what_is_behind_is_behind_the_screen() -> None:
    """What the left eye sees at a place, the right eye sees farther to the right."""
    left, right = both()
    assert np.array_equal(left[:40, 50 - SHIFT], right[:40, 50 + SHIFT])


def test_contract_swapped_eyes_and_2d_are_as_everywhere() -> None:
    left, right = both()
    swapped = both(swap_eyes=True)
    assert np.array_equal(swapped[0], right)
    assert np.array_equal(swapped[1], left)
    flat = np.empty_like(left)
    composite(*somebody(), Still(room()), DEEP, flat)
    for view in both(view="2d"):
        assert np.array_equal(view, flat)


def test_contract_a_flat_picture_is_the_default_and_layouts_without_two_views_have_one() -> None:
    assert layout_for(Settings(), Stereo(), ROWS, COLUMNS) is None
    for name in FLAT_LAYOUTS:
        assert layout_for(DEEP, Stereo(layout=name), ROWS, COLUMNS) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [name for name in LAYOUTS if name not in FLAT_LAYOUTS])
def test_contract_both_views_are_where_the_layout_has_them(name: str) -> None:
    """Red for the left eye, cyan for the right."""
    stereo = Stereo(layout=name)  # type: ignore[arg-type]
    layout = layout_for(replace(DEEP), stereo, ROWS, COLUMNS)
    assert layout is not None
    left, right = (
        np.broadcast_to(colour_of(colour), (ROWS, COLUMNS, 3)).astype(np.uint8)
        for colour in ("#ff0000", "#00ffff")
    )
    picture = np.zeros((layout.rows, layout.columns, 3), np.uint8)
    lay((left, right), layout, 0, picture)
    middle = picture[layout.left_eye.top + 2, layout.left_eye.left : layout.left_eye.left + 4]
    if name.endswith(("sbs", "tab")):
        there = picture[layout.right_eye.top + 2, layout.right_eye.left : layout.right_eye.left + 4]
        assert (middle == (255, 0, 0)).all()
        assert (there == (0, 255, 255)).all()
    elif name in ("column-interlaced", "checkerboard"):
        assert [tuple(pixel) for pixel in middle[:2]] == [(255, 0, 0), (0, 255, 255)]
    elif name == "row-interlaced":
        rows = picture[layout.left_eye.top :, 5]
        assert [tuple(pixel) for pixel in rows[:2]] == [(255, 0, 0), (0, 255, 255)]
    elif name == "frame-sequential":
        assert (middle == (255, 0, 0)).all()
        lay((left, right), layout, 1, picture)
        assert (picture[layout.left_eye.top + 2, 5] == (0, 255, 255)).all()
    else:
        assert middle[0, 1] > 60, "an anaglyph has something of both"
        assert middle[0, 2] > 60
