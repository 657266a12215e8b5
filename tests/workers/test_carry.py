"""A map goes along with what moves in the picture, and what that uncovers is far."""

import cv2
import numpy as np
import pytest

from workers.steady._carry import Carrier, Grey, Map

ROWS, COLUMNS, SIDE = 96, 160, 40
ABOUT = np.asarray(
    cv2.resize(
        np.random.default_rng(3).integers(0, 256, (ROWS // 3, COLUMNS // 3), dtype=np.uint8),
        (COLUMNS, ROWS),
        interpolation=cv2.INTER_CUBIC,
    )
)


def scene(x: int, y: int = 30) -> tuple[Grey, Map]:
    """A near textured square before a far textured wall, and the map of it."""
    picture, values = ABOUT // 2, np.full((ROWS, COLUMNS), 0.2, np.float32)
    picture[y : y + SIDE, x : x + SIDE] = 120 + ABOUT[:SIDE, :SIDE] // 2
    values[y : y + SIDE, x : x + SIDE] = 0.9
    return np.ascontiguousarray(picture), values


@pytest.mark.parametrize(("dx", "dy"), [(6, 0), (-6, 0), (0, 5), (0, -5), (4, 3), (8, 0), (1, 0)])
def test_contract_it_follows_in_every_direction_with_clean_edges(dx: int, dy: int) -> None:
    (before, values), (after, truth) = scene(60), scene(60 + dx, 30 + dy)
    carried, known = Carrier(before).carry(values, after)
    wrong = np.abs(carried - truth) > 0.1
    assert wrong.sum() < 0.35 * (np.abs(values - truth) > 0.1).sum() + 0.01 * wrong.size
    assert set(np.unique(carried)) <= {np.float32(0.2), np.float32(0.9)}, "nothing in between is made up"
    assert known.mean() > 0.85


def test_contract_what_it_uncovers_is_far_and_not_known() -> None:
    (before, values), (after, _) = scene(60), scene(68)
    carried, known = Carrier(before).carry(values, after)
    uncovered = np.s_[34:66, 61:66]
    assert (carried[uncovered] == 0.2).mean() > 0.9
    assert (known[uncovered] == 0).mean() > 0.5


def test_contract_a_still_picture_costs_nothing_and_changes_nothing() -> None:
    picture, values = scene(60)
    carried, known = Carrier(picture).carry(values, picture + np.uint8(1) * (picture < 255))
    assert (carried == values).all()
    assert known.all()


def test_contract_the_map_that_is_given_stays_as_it_is() -> None:
    (before, values), (after, _) = scene(60), scene(70)
    copy = values.copy()
    Carrier(before).carry(values, after)
    assert (values == copy).all()


@pytest.mark.parametrize("shape", [(32, 32), (33, 47), (192, 320)])
def test_contract_any_size(shape: tuple[int, int]) -> None:
    random = np.random.default_rng(1)
    before, after = (random.integers(0, 256, shape, dtype=np.uint8) for _ in range(2))
    values = random.random(shape, dtype=np.float32)
    carried, known = Carrier(before).carry(values, after)
    assert carried.min() >= values.min()
    assert carried.max() <= values.max()
    assert set(np.unique(known)) <= {0, 1}


@pytest.mark.parametrize(
    ("rows", "columns"),
    [(15, 20), (15, 960), (540, 15), (1, 320), (192, 1), (2, 2), (3, 9), (4, 4), (4, 900)],
)
def test_contract_a_map_of_any_shape_is_carried(rows: int, columns: int) -> None:
    one, other = np.random.default_rng(1).integers(0, 256, (2, rows, columns), dtype=np.uint8)
    carried, _ = Carrier(one).carry(np.full((rows, columns), 0.5, np.float32), other)
    assert (carried == 0.5).all()
