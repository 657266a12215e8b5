"""Inverse depth of any scale becomes nearness in 0…1 over a range that follows the scene smoothly."""

import math
import time
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from shm.frame import NO_SOURCE
from tests.workers.one_process import host, open_slot
from workers.steady import Settings
from workers.steady._cut import is_cut
from workers.steady.nearness import Nearness

Map = npt.NDArray[np.float32]
SECOND = 1_000_000_000


class Steady:
    """A Nearness without rings."""

    def __init__(self, sync: str = "exact", **settings: Any) -> None:
        plain = {"smoothing": 0.0, "border_percent": 0.0}
        self.worker = Nearness(
            SimpleNamespace(
                steady=Settings(**plain | settings),
                depth=SimpleNamespace(sync=sync),
                stereo=SimpleNamespace(convergence=0.5),
            ),
            host(),
        )

    def __call__(self, depth: Map, seconds: float) -> Map:
        slot = open_slot(depth.nbytes)
        info = SimpleNamespace(t_capture=int(seconds * SECOND), source=NO_SOURCE)
        lease: Any = SimpleNamespace(frame=depth, info=info)
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
        assert steady.worker._range.high == pytest.approx(
            1 + (1 - math.exp(-steps / rate / seconds)), rel=0.01
        )


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
    assert np.std(steady.worker._range.high) < raw


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


# While no maps come -----------------------------------------------------------------------------------------

ROWS, COLUMNS, SIDE = 96, 160, 40
TEXTURE = np.random.default_rng(9).integers(0, 256, (ROWS // 4, COLUMNS // 4), dtype=np.uint8)
ABOUT = cv2.resize(TEXTURE, (COLUMNS, ROWS), interpolation=cv2.INTER_CUBIC)
OTHER = np.full((ROWS, COLUMNS, 3), 250, np.uint8)  # another scene


def scene_at(x: int) -> npt.NDArray[np.uint8]:
    """A textured square before a textured wall."""
    picture = ABOUT // 2
    picture[30 : 30 + SIDE, x : x + SIDE] = 128 + ABOUT[:SIDE, :SIDE] // 2
    return np.ascontiguousarray(np.broadcast_to(picture[..., None], (ROWS, COLUMNS, 3)))


def map_at(x: int) -> Map:
    """Its true depth."""
    depth = np.ones((ROWS, COLUMNS), np.float32)
    depth[30 : 30 + SIDE, x : x + SIDE] = 5
    return depth


class Following(Steady):
    """With small frames beside its maps."""

    def __init__(self, sync: str = "exact", **settings: Any) -> None:
        super().__init__(sync, **settings)
        self.frame = 0

    def see(self, picture: npt.NDArray[np.uint8], seconds: float, live: bool = False) -> Map | None:
        """A small frame; what it makes of it, if anything."""
        self.frame += 1
        slot = open_slot(ROWS * COLUMNS * 4 * 9)
        info = SimpleNamespace(t_capture=int(seconds * SECOND), source=SimpleNamespace(seq=self.frame))
        lease: Any = SimpleNamespace(frame=picture, info=info)
        if not self.worker.follow(lease, live, slot):
            return None
        return slot.view((ROWS, COLUMNS), np.float32).copy()

    def map(self, depth: Map, seconds: float) -> Map:
        """The map of the last small frame."""
        slot = open_slot(depth.nbytes)
        info = SimpleNamespace(t_capture=int(seconds * SECOND), source=SimpleNamespace(seq=self.frame))
        lease: Any = SimpleNamespace(frame=depth, info=info)
        self.worker.process(lease, slot)
        return slot.view(depth.shape, np.float32).copy()

    def published(self, depth: Map, seconds: float, frames_ago: int = 0) -> bool:
        """Whether it publishes anything for a map of the frame that was seen so long ago."""
        source = SimpleNamespace(seq=self.frame - frames_ago)
        info = SimpleNamespace(t_capture=int(seconds * SECOND), source=source)
        lease: Any = SimpleNamespace(frame=depth, info=info)
        return self.worker.process(lease, open_slot(depth.nbytes))


@pytest.fixture
def following() -> Following:
    """It has seen one frame, with its map, at nought seconds."""
    worker = Following(low_percent=0, high_percent=100)
    worker.see(scene_at(50), 0, live=True)
    worker.map(map_at(50), 0)
    return worker


def test_contract_while_maps_come_small_frames_are_only_remembered(following: Following) -> None:
    assert following.see(scene_at(52), 0.1, live=True) is None


@pytest.mark.parametrize("sync", ["exact", "latest"])
def test_contract_maps_may_come_in_another_size_from_now_on(sync: str) -> None:
    worker = Following(sync, low_percent=0, high_percent=100)
    for number, factor in enumerate([1, 2, 1, 3]):
        worker.see(scene_at(50), number / 10, live=True)
        large = np.kron(map_at(50), np.ones((factor, factor), np.float32))
        found = worker.map(large, number / 10)
        assert found.shape == large.shape
        assert np.abs(found - (large > 3)).max() < 0.05


def test_contract_before_the_first_map_there_is_nothing_to_carry() -> None:
    assert Following().see(scene_at(50), 0) is None


def test_contract_the_last_map_follows_what_moves(following: Following) -> None:
    """By two pixels a frame for half a second: the near square is where its picture is. What it uncovers
    stays near for a while; flow knows no better."""
    x = 50
    for i in range(1, 16):
        x += 2
        carried = following.see(scene_at(x), i / 30)
        assert carried is not None
    truth = map_at(x) > 3
    assert (carried[truth] > 0.5).mean() > 0.75
    assert (carried[:, x + SIDE + 4 :] < 0.5).all(), "it did not run ahead"
    left_behind = np.count_nonzero((map_at(50) > 3) != truth)
    assert np.count_nonzero((carried > 0.5) != truth) < 0.5 * left_behind


def test_contract_what_does_not_move_stays_as_it_is_for_a_second(following: Following) -> None:
    for seconds in (0.1, 0.5, 1.0):
        carried = following.see(scene_at(50), seconds)
        assert carried is not None
        assert np.abs(carried - (map_at(50) > 3)).mean() < 0.01


@pytest.mark.parametrize(
    ("seconds", "left"), [(1.0, 1.0), (1.25, 0.75), (1.5, 0.5), (1.75, 0.25), (2.0, 0), (60, 0)]
)
def test_contract_after_a_second_it_eases_to_flat_within_another(
    following: Following, seconds: float, left: float
) -> None:
    carried = following.see(scene_at(50), seconds)
    assert carried is not None
    assert carried[50, 70] == pytest.approx(0.5 + 0.5 * left, abs=0.02), "the near square"
    assert carried[10, 10] == pytest.approx(0.5 - 0.5 * left, abs=0.02), "the far wall"


def test_contract_another_scene_without_a_map_is_flat_at_once(following: Following) -> None:
    carried = following.see(OTHER, 0.1)
    assert carried is not None
    assert (carried == 0.5).all()


def test_contract_depth_that_comes_again_eases_in(following: Following) -> None:
    """Half a second from flat to full, no step larger than its share."""
    following.see(scene_at(50), 3.0)
    near = [0.5]
    for i in range(1, 19):
        following.see(scene_at(50), 3.0 + i / 30, live=True)
        near.append(float(following.map(map_at(50), 3.0 + i / 30)[50, 70]))
    assert near[-1] == pytest.approx(1, abs=0.001)
    assert np.diff(near).max() < 0.06
    assert (np.diff(near) >= 0).all()


def test_contract_what_had_no_map_when_all_fell_asleep_flattens_nothing_on_waking() -> None:
    """The network sleeps as long as the others: it does not hang."""
    woken = time.perf_counter_ns() / SECOND
    worker = Following(low_percent=0, high_percent=100)
    worker.see(scene_at(50), woken - 20, live=True)
    worker.map(map_at(50), woken - 20)
    assert worker.see(scene_at(50), woken - 19.9, live=True) is None
    worker.worker.wake()
    assert worker.see(scene_at(50), woken - 19.8, live=True) is None  # that had been left in the ring
    assert worker.see(scene_at(50), woken + 0.2, live=True) is None
    assert worker.map(map_at(50), woken + 0.2)[50, 70] == pytest.approx(1, abs=0.001)


def test_contract_before_the_first_map_sleep_is_no_wait_for_it() -> None:
    woken = time.perf_counter_ns() / SECOND
    worker = Following()
    assert worker.see(scene_at(50), woken - 20, live=True) is None
    worker.worker.wake()
    for seconds in (0.1, 0.2):
        assert worker.see(scene_at(50), woken + seconds, live=True) is None


def test_contract_a_cut_resets_the_range_in_the_same_frame(following: Following) -> None:
    """With a minute to follow in, only a cut can explain it."""
    slow = Following(low_percent=0, high_percent=100, range_seconds=10)
    slow.see(scene_at(50), 0, live=True)
    slow.map(map_at(50), 0)
    slow.see(scene_at(52), 0.1, live=True)
    assert slow.map(map_at(52) * 100, 0.1).min() > 0.9, "motion keeps the range"
    slow.see(OTHER, 0.2, live=True)
    cut = slow.map(map_at(52) * 100, 0.2)
    assert (cut.min(), cut.max()) == (0, 1)


def test_contract_a_cut_that_is_seen_after_its_map_resets_the_range_with_the_next() -> None:
    slow = Following(low_percent=0, high_percent=100, range_seconds=10)
    slow.see(scene_at(50), 0, live=True)
    slow.map(map_at(50), 0)
    slow.frame += 1
    slow.map(map_at(52) * 100, 0.1)
    slow.frame -= 1
    slow.see(OTHER, 0.1, live=True)
    slow.see(OTHER, 0.2, live=True)
    found = slow.map(map_at(52) * 100, 0.2)
    assert (found.min(), found.max()) == (0, 1)


def test_contract_a_map_of_the_scene_before_the_cut_resets_nothing() -> None:
    slow = Following(low_percent=0, high_percent=100, range_seconds=10)
    slow.see(scene_at(50), 0, live=True)
    slow.map(map_at(50), 0)
    for seconds in (0.1, 0.2):
        slow.see(scene_at(50), seconds, live=True)
    slow.see(OTHER, 0.3, live=True)
    slow.frame -= 1
    assert slow.map(map_at(50) * 100, 0.2).min() > 0.9
    slow.frame += 1
    assert slow.map(map_at(50) * 100, 0.3).min() == 0


# depth.sync: latest -----------------------------------------------------------------------------------------


@pytest.fixture
def latest() -> Following:
    """It has seen one frame, with its map, at nought seconds."""
    worker = Following("latest", low_percent=0, high_percent=100)
    worker.see(scene_at(50), 0, live=True)
    worker.map(map_at(50), 0)
    return worker


def test_contract_latest_makes_a_map_for_every_frame_and_publishes_none_of_an_old_one(
    latest: Following,
) -> None:
    for i in range(1, 6):
        carried = latest.see(scene_at(50 + 2 * i), i / 60, live=True)
        assert carried is not None
        truth = map_at(50 + 2 * i) > 3
        assert (carried[truth] > 0.5).mean() > 0.9
        assert np.count_nonzero((carried > 0.5) != truth) < 0.04 * truth.size
    assert not latest.published(map_at(50), 2 / 60, frames_ago=3)


def test_contract_latest_publishes_the_map_of_the_newest_frame_for_no_other_may_come() -> None:
    worker = Following("latest")
    assert worker.see(scene_at(50), 0, live=True) is None
    assert worker.published(map_at(50), 0)


def test_contract_the_first_maps_are_shown_as_soon_as_there_is_one() -> None:
    worker = Following("latest")
    assert worker.see(scene_at(50), 0, live=True) is None
    worker.map(map_at(50), 0)
    assert worker.see(scene_at(50), 1 / 60, live=True) is not None


def test_contract_a_late_map_is_carried_to_where_things_are_by_now(latest: Following) -> None:
    """It is of the fourth frame and comes after the tenth."""
    for i in range(1, 10):
        latest.see(scene_at(50 + 2 * i), i / 60, live=True)
    latest.frame, newest = 4, latest.frame
    latest.published(map_at(50 + 2 * 3), 3 / 60)
    latest.frame = newest
    carried = latest.see(scene_at(70), 10 / 60, live=True)
    assert carried is not None
    truth = map_at(70) > 3
    assert np.count_nonzero((carried > 0.5) != truth) < 0.04 * truth.size


def test_contract_after_a_cut_the_new_scene_is_flat_until_its_own_map_comes(latest: Following) -> None:
    cut = latest.see(OTHER, 0.1, live=True)
    assert cut is not None
    assert (cut == 0.5).all()
    latest.frame -= 1
    assert not latest.published(map_at(50), 0.05), "a map of the old scene is none of this one"
    latest.frame += 1
    flat = latest.see(OTHER, 0.12, live=True)
    assert flat is not None
    assert (flat == 0.5).all()


def test_contract_after_a_cut_the_first_map_of_the_new_scene_sets_the_range(latest: Following) -> None:
    """Though the old scene's key has gone before: a flat one, of the new scene, has taken its place."""
    latest.see(OTHER, 0.1, live=True)
    latest.published(map_at(50) * 100, 0.1)
    assert (latest.worker._range.low, latest.worker._range.high) == (100, 500)


# Time -------------------------------------------------------------------------------------------------------


def test_contract_what_stands_still_is_steadier_than_what_is_said_of_it() -> None:
    random = np.random.default_rng(5)
    steady, raw = [], []
    worker = Following(low_percent=0, high_percent=100, smoothing=0.3, range_seconds=10)
    for i in range(60):
        said = map_at(50) + random.normal(0, 0.1, (ROWS, COLUMNS)).astype(np.float32)
        worker.see(scene_at(50), i / 60, live=True)
        steady.append(worker.map(said, i / 60)[60, 60])
        raw.append((said[60, 60] - 1) / 4)
    assert np.diff(steady[20:]).std() < 0.15 * np.diff(raw[20:]).std()


def test_contract_what_moves_leaves_no_ghost() -> None:
    worker = Following(low_percent=0, high_percent=100, smoothing=0.3)
    for i in range(30):
        worker.see(scene_at(20 + 2 * i), i / 60, live=True)
        found = worker.map(map_at(20 + 2 * i), i / 60)
    truth = map_at(20 + 2 * 29) > 3
    assert np.abs(found[~truth]).max() < 0.2, "where it was it is not"
    assert found[truth].min() > 0.8, "and it is where it is"


def test_contract_a_fade_and_a_flash_change_no_depth() -> None:
    worker = Following(low_percent=0, high_percent=100, smoothing=0.3)
    for i in range(40):
        light = 1 - i / 50 if i != 20 else 1.8
        picture = np.clip(scene_at(50) * light, 0, 255).astype(np.uint8)
        worker.see(picture, i / 60, live=True)
        found = worker.map(map_at(50), i / 60)
        assert np.abs(found - (map_at(50) > 3)).max() < 0.05, i


@pytest.mark.parametrize("sync", ["exact", "latest"])
def test_contract_black_bars_that_come_and_go_change_no_depth_between_them(sync: str) -> None:
    worker, found = Following(sync, low_percent=0, high_percent=100, smoothing=0.3), None
    for i in range(60):
        picture, barred = scene_at(50), 20 <= i < 40
        if barred:
            picture[:12] = picture[-12:] = 0
        found = worker.see(picture, i / 60, live=True)
        if sync == "exact" or i % 6 == 0:
            shown = worker.map(map_at(50), i / 60)
            found = found if sync == "latest" else shown
        if found is not None:
            assert np.abs(found - (map_at(50) > 3))[14:-14].max() < 0.05, i
    assert found is not None


# Cuts and flow ----------------------------------------------------------------------------------------------


def grey(picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    return np.ascontiguousarray(picture[..., 0])


@pytest.mark.parametrize("shift", [0, 1, 8, 80])
def test_contract_however_fast_a_pan_is_it_is_no_cut(shift: int) -> None:
    assert not is_cut(ABOUT, np.ascontiguousarray(np.roll(ABOUT, shift, axis=1)))


def test_contract_a_little_more_or_less_light_is_no_cut() -> None:
    for light in (-20, 20):
        lit = np.clip(ABOUT.astype(int) + light, 0, 255).astype(np.uint8)
        assert not is_cut(ABOUT, lit)


def test_contract_another_picture_is_a_cut_in_both_directions() -> None:
    dark = ABOUT // 4
    assert is_cut(ABOUT, dark)
    assert is_cut(dark, ABOUT)


def test_contract_another_shape_is_a_cut() -> None:
    assert is_cut(ABOUT, ABOUT[:-2])
