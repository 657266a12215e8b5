"""The screen lies where it is comfortable, in every picture."""

from typing import Any

import numpy as np
import pytest

from workers.steady import Settings
from workers.steady._comfort import Comfort, Map

SECOND = 1_000_000_000


def settings(**wanted: Any) -> Settings:
    return Settings(**{"border_percent": 0.0} | wanted)


def scene(near: float = 0.8) -> Map:
    """A near thing in the middle, far around."""
    nearness = np.full((100, 160), 0.1, np.float32)
    nearness[20:80, 40:120] = near
    return nearness


def test_contract_without_wishes_the_map_stays_as_it_is() -> None:
    comfort = Comfort()
    comfort.follow(scene(), 1.0, settings(), 0)
    assert np.allclose(comfort.applied(scene(), 0.5, settings()), scene())


@pytest.mark.parametrize("convergence", [0.0, 0.5, 0.7])
def test_contract_the_near_subject_comes_to_the_screen(convergence: float) -> None:
    comfort, wanted = Comfort(), settings(auto_convergence=True)
    comfort.follow(scene(), 1.0, wanted, 0)
    found = comfort.applied(scene(), convergence, wanted)
    assert found[50, 80] == pytest.approx(convergence, abs=1e-6)
    assert found[0, 0] == pytest.approx(convergence - 0.7, abs=1e-6)


def test_contract_it_gets_there_slowly_but_at_once_after_a_cut() -> None:
    comfort, wanted = Comfort(), settings(auto_convergence=True, ease_seconds=1.0)
    comfort.follow(scene(0.8), 1.0, wanted, 0)
    places = []
    for i in range(1, 181):
        comfort.follow(scene(0.4), 1.0, wanted, i * SECOND // 60)
        places.append(comfort.applied(scene(0.4), 0.5, wanted)[50, 80])
    assert np.abs(np.diff(places)).max() < 0.01
    assert places[-1] == pytest.approx(0.5, abs=0.03)
    comfort.reset()
    comfort.follow(scene(0.9), 1.0, wanted, 200 * SECOND // 60)
    assert comfort.applied(scene(0.9), 0.5, wanted)[50, 80] == pytest.approx(0.5, abs=1e-6)


@pytest.mark.parametrize(("contrast", "strength"), [(1.0, 1.0), (0.6, 1.0), (0.3, 0.5), (0.0, 0.2)])
def test_contract_a_scene_of_little_depth_gets_little_strength(contrast: float, strength: float) -> None:
    comfort, wanted = Comfort(), settings(auto_strength=True)
    comfort.follow(scene(), contrast, wanted, 0)
    found = comfort.applied(scene(), 0.5, wanted)
    assert found[50, 80] - 0.5 == pytest.approx(0.3 * strength, abs=1e-6)


def test_contract_nothing_hangs_before_the_screen_at_the_left_and_right_border() -> None:
    near, wanted = np.full((10, 100), 0.9, np.float32), settings(border_percent=10.0)
    comfort = Comfort()
    comfort.follow(near, 1.0, wanted, 0)
    found = comfort.applied(near, 0.5, wanted)
    assert found[:, [0, -1]].max() < 0.51
    assert (np.diff(found[0, :10]) > 0).all(), "it goes back evenly"
    assert np.allclose(found[:, 10:90], 0.9)
    assert np.allclose(found, found[:, ::-1])
    far = np.full((10, 100), 0.1, np.float32)
    assert np.allclose(comfort.applied(far, 0.5, wanted), far), "behind it nothing need change"
