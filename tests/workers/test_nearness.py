"""Inverse depth of any scale becomes nearness in 0…1 over a range that follows the scene smoothly."""

import math
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from shm.layout import RingSpec
from shm.lease import OpenSlot
from workers.steady import Settings
from workers.steady.nearness import Nearness

Map = npt.NDArray[np.float32]
SECOND = 1_000_000_000


class Steady:
    """A Nearness without rings."""

    def __init__(self, **settings: Any) -> None:
        self.worker = Nearness(SimpleNamespace(steady=Settings(**settings)), nullcontext)

    def __call__(self, depth: Map, seconds: float) -> Map:
        slot = OpenSlot(RingSpec("nearness", 2, depth.nbytes, ()), 0, memoryview(bytearray(depth.nbytes)))
        lease: Any = SimpleNamespace(frame=depth, info=SimpleNamespace(t_capture=int(seconds * SECOND)))
        self.worker.process(lease, slot)
        return slot.view(depth.shape, np.float32).copy()


def ramp(low: float, high: float) -> Map:
    return np.linspace(low, high, 10_000, dtype=np.float32).reshape(100, 100)


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-5, 5), (1e-4, 2e-4), (1000, 60_000)])
def test_contract_any_scale_becomes_nought_to_one_at_once(low: float, high: float) -> None:
    nearness = Steady()(ramp(low, high), 0)
    assert (nearness.min(), nearness.max()) == (0, 1)
    assert np.median(nearness) == pytest.approx(0.5, abs=0.01)
    assert (np.diff(nearness.ravel()) >= 0).all(), "what is nearer stays nearer"


def test_contract_a_few_outliers_do_not_squeeze_the_rest() -> None:
    depth = ramp(0, 1)
    depth[0, 0], depth[-1, -1] = -1000, 1000
    nearness = Steady()(depth, 0)
    assert np.median(nearness) == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("seconds", [0.1, 0.5, 2.0])
def test_contract_the_range_follows_with_the_time_that_is_set(seconds: float) -> None:
    """After one time constant it has gone 63 % of the way, whatever the frame rate."""
    for rate in (10, 60, 240):
        steady = Steady(low_percent=0, high_percent=100, range_seconds=seconds)
        steady(ramp(0, 1), 0)
        steps = round(seconds * rate)
        for i in range(1, steps + 1):
            steady(ramp(0, 2), i / rate)
        assert steady.worker._high == pytest.approx(1 + (1 - math.exp(-steps / rate / seconds)), rel=0.01)


def test_contract_a_map_that_does_not_change_does_not_pulse() -> None:
    steady = Steady()
    first = steady(ramp(0, 1), 0)
    for i in range(1, 30):
        assert (steady(ramp(0, 1), i / 60) == first).all()


def test_contract_without_smoothing_each_map_has_its_own_range() -> None:
    steady = Steady(range_seconds=0)
    steady(ramp(0, 1), 0)
    assert steady(ramp(5, 9), 0.01) == pytest.approx(Steady()(ramp(5, 9), 0), abs=1e-6)


def test_contract_noise_in_the_range_is_damped() -> None:
    steady, noise = Steady(), np.random.default_rng(1)
    steady(ramp(0, 1), 0)
    seen = []
    for i in range(1, 200):
        seen.append(steady(ramp(0, 1) * np.float32(noise.normal(1, 0.05)), i / 60))
    middle = [float(nearness[50, 50]) for nearness in seen[60:]]
    raw = 0.05 * 0.5
    assert np.std(middle) < 2 * raw
    assert np.std(steady.worker._high) < raw


@pytest.mark.parametrize("value", [0.0, 1.0, 1e6])
def test_contract_a_flat_map_gives_finite_numbers(value: float) -> None:
    nearness = Steady()(np.full((20, 20), value, np.float32), 0)
    assert np.isfinite(nearness).all()
    assert nearness.min() >= 0
    assert nearness.max() <= 1


@pytest.mark.parametrize("rubbish", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("rows", [1, 10, 100])
def test_contract_impossible_values_do_not_spoil_the_rest_nor_what_comes_after(
    rubbish: float, rows: int
) -> None:
    """A network in half precision says so now and then; at the worst in every pixel."""
    steady, depth = Steady(), ramp(0, 1)
    steady(depth, 0)
    spoilt = depth.copy()
    spoilt[:rows] = rubbish
    during, after = steady(spoilt, 1 / 60), steady(depth, 2 / 60)
    for nearness in (during, after):
        assert np.isfinite(nearness).all()
        assert (nearness.min() >= 0) & (nearness.max() <= 1)
    assert np.median(after) == pytest.approx(0.5, abs=0.02)
    if rows < 100:
        assert during[90, 50] == pytest.approx(0.9, abs=0.05)


def test_contract_a_first_map_of_impossible_values_is_forgotten_at_once() -> None:
    steady = Steady()
    steady(np.full((100, 100), np.nan, np.float32), 0)
    assert np.median(steady(ramp(5, 6), 1 / 60)) == pytest.approx(0.5, abs=0.02)
