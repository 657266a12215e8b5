"""The black bars around a film are found, and never a part of the picture taken for one."""

import numpy as np
import numpy.typing as npt
import pytest

from workers.capture._bars import LOOK_EVERY, SURE_AFTER, Bars

Picture = npt.NDArray[np.uint8]
SETTLED = LOOK_EVERY * (SURE_AFTER - 1) + 1  # frames


def film(top: int = 0, bottom: int = 0, sides: int = 0, level: int = 0, channels: int = 3) -> Picture:
    """120 x 200 of noise, with bars around it."""
    picture = np.random.default_rng(1).integers(40, 256, (120, 200, channels), dtype=np.uint8)
    picture[:top] = level
    picture[120 - bottom :] = level
    if sides:
        picture[:, :sides] = picture[:, -sides:] = level
    return picture


def shown(bars: Bars, picture: Picture, frames: int = SETTLED) -> tuple[int, ...]:
    """The size that is left after so many frames."""
    for _ in range(frames):
        cropped = bars.cropped(picture)
    return cropped.shape[:2]


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize(
    ("top", "bottom", "sides", "left"),
    [
        (0, 0, 0, (120, 200)),
        (20, 20, 0, (80, 200)),
        (0, 0, 30, (120, 140)),
        (14, 14, 22, (92, 156)),
        (20, 12, 0, (96, 200)),
        (13, 13, 0, (96, 200)),
        (1, 1, 0, (120, 200)),
    ],
    ids=["none", "letterbox", "pillarbox", "both", "uneven", "odd", "too thin"],
)
def test_contract_bars_are_cropped_by_as_much_as_both_sides_have(
    top: int, bottom: int, sides: int, left: tuple[int, int], channels: int
) -> None:
    assert shown(Bars(), film(top, bottom, sides, channels=channels)) == left


def test_contract_what_is_left_is_the_picture_and_not_a_copy_of_it() -> None:
    bars, picture = Bars(), film(20, 20)
    shown(bars, picture)
    cropped = bars.cropped(picture)
    assert (cropped == picture[20:100]).all()
    assert np.shares_memory(cropped, picture)


@pytest.mark.parametrize(("level", "rows"), [(0, 80), (12, 80), (40, 120)])
def test_contract_film_black_counts_as_black_and_dark_grey_does_not(level: int, rows: int) -> None:
    assert shown(Bars(), film(20, 20, level=level)) == (rows, 200)


def test_contract_an_opaque_alpha_channel_is_no_light() -> None:
    picture = film(20, 20, channels=4)
    picture[..., 3] = 255
    assert shown(Bars(), picture) == (80, 200)


def test_contract_a_change_counts_only_when_several_looks_agree() -> None:
    bars = Bars()
    assert shown(bars, film(20, 20), SETTLED - 1) == (120, 200)
    assert shown(bars, film(20, 20), 1) == (80, 200)


def test_contract_looks_that_do_not_agree_change_nothing() -> None:
    bars = Bars()
    for i in range(10):
        assert shown(bars, film(10 + 2 * (i % 3), 30), LOOK_EVERY) == (120, 200)


def test_contract_bars_that_are_too_large_are_given_up_with_the_next_look() -> None:
    """A menu that opens over the bar must not be cut off for a second."""
    bars = Bars()
    shown(bars, film(20, 20), 3 * LOOK_EVERY)
    assert shown(bars, film(0, 20), LOOK_EVERY) == (120, 200)


@pytest.mark.parametrize(("rows", "columns"), [(30, 200), (1, 1), (1, 200), (240, 60), (500, 900)])
def test_contract_another_size_is_another_picture_and_looked_at_anew(rows: int, columns: int) -> None:
    """Bars of before would be cut out of it, or there would be nothing left."""
    bars, other = Bars(), np.full((rows, columns, 3), 90, np.uint8)
    shown(bars, film(20, 20, 30))
    assert shown(bars, other, 1) == (rows, columns)
    assert shown(bars, film(20, 20, 30), 1) == (120, 200)
    assert shown(bars, film(20, 20, 30)) == (80, 140)


@pytest.mark.parametrize("size", [(1, 1), (1, 90), (90, 1), (2, 2), (3, 17)])
@pytest.mark.parametrize("level", [0, 90])
def test_contract_the_smallest_pictures_have_no_bars(size: tuple[int, int], level: int) -> None:
    assert shown(Bars(), np.full((*size, 3), level, np.uint8)) == size


@pytest.mark.parametrize(
    "picture", [film(60, 60), film(40, 40), film(0, 0, 60)], ids=["night", "tall", "wide"]
)
def test_contract_a_dark_scene_is_no_bar(picture: Picture) -> None:
    assert shown(Bars(), picture) == (120, 200)
