"""Text that lies on a moving picture is found, and kept on the screen plane."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from workers.steady import Settings
from workers.steady._overlay import Overlay, read_mask, rectangles

ROWS, COLUMNS = 96, 160
WALL = np.asarray(
    cv2.resize(
        np.random.default_rng(8).integers(0, 256, (24, 80), dtype=np.uint8),
        (COLUMNS * 2, ROWS),
        interpolation=cv2.INTER_CUBIC,
    )
)
TEXT = np.s_[80:92, 40:120]


def frame(number: int, text: bool = True) -> npt.NDArray[np.uint8]:
    """A pan with a subtitle."""
    picture = np.ascontiguousarray(WALL[:, number % COLUMNS : number % COLUMNS + COLUMNS])
    if text:
        cv2.putText(picture, "Subtitle", (42, 90), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 255, 2)
    return picture


def watched(frames: int, text: bool = True, moves: int = 2, **wanted: Any) -> Any:
    overlay, mask = Overlay(), None
    for number in range(frames):
        mask = overlay.mask(frame(number * moves, text), Settings(**wanted), number * 1_000_000_000 // 30)
    return mask


def test_contract_a_subtitle_is_found_after_the_time_that_is_set() -> None:
    assert watched(75) is None
    mask = watched(120)
    assert mask[TEXT].mean() > 0.4
    assert mask[:60].mean() < 0.02, "and nothing else"


def test_contract_it_may_be_looked_for_longer_or_not_at_all() -> None:
    assert watched(120, overlay_seconds=10.0) is None
    assert watched(120, find_overlay=False) is None


def test_contract_a_moving_picture_without_text_has_none() -> None:
    mask = watched(150, text=False)
    assert mask is None or mask.mean() < 0.01


def test_contract_a_picture_that_stands_still_has_none() -> None:
    assert watched(150, moves=0) is None


def test_contract_rectangles_are_in_percent_of_the_picture() -> None:
    mask = rectangles([(0, 50, 100, 50), (10, 0, 10, 10)], 100, 200)
    assert mask[50:].all()
    assert mask[:10, 20:40].all()
    assert mask.sum() == 50 * 200 + 10 * 20


def test_contract_a_named_rectangle_is_flat_at_once() -> None:
    mask = Overlay().mask(frame(0), Settings(find_overlay=False, flat=((0, 80, 100, 20),)), 0)
    assert mask is not None
    assert mask[90:].min() > 0.9
    assert mask[:60].max() == 0


def test_contract_a_drawn_mask_of_any_size_counts(tmp_path: Path) -> None:
    drawn = np.zeros((300, 400), np.uint8)
    drawn[240:] = 255
    cv2.imwrite(str(tmp_path / "mask.png"), drawn)
    mask = Overlay(read_mask(str(tmp_path / "mask.png"))).mask(frame(0), Settings(find_overlay=False), 0)
    assert mask is not None
    assert mask[90:].min() > 0.9
    assert mask[:60].max() == 0


def test_contract_what_is_no_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "mask.png").write_text("no picture")
    with pytest.raises(ValueError, match="not a picture"):
        read_mask(str(tmp_path / "mask.png"))
