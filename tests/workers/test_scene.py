"""The test scene: its number can be read wherever the picture goes, and its depth map is the picture's."""

import time
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.workers.one_process import host, open_slot
from workers.capture import Settings as CaptureSettings
from workers.capture._time_code import BITS, draw_time_code, read_time_code, square
from workers.capture.scene import (
    FAR,
    HORIZON,
    NEAR_FLOOR,
    Scene,
    Settings,
    backdrop_depth,
    floor_depth,
    make_balls,
    map_size,
    paint_backdrop,
    paste,
)
from workers.depth import Settings as DepthSettings
from workers.stereo._layout import canvas

Picture = npt.NDArray[np.uint8]
NUMBERS = (0, 1, 2, 0xAAAAAAAA, 0x55555555, 0x12345678, 2**31, 2**32 - 1)


def made(
    scene: Settings, frames: int = 1, **capture: Any
) -> tuple[Picture, npt.NDArray[np.float32], Scene, list[int]]:
    """The last picture and depth map after so many frames, the scene, and all capture times."""
    settings = SimpleNamespace(scene=scene, capture=CaptureSettings(**capture), depth=DepthSettings())
    worker = Scene(settings, host())
    worker.open()
    slots = {name: open_slot(nbytes) for name, nbytes in Scene.sizes(settings, {}).items()}
    times = [worker.process(slots["frame"], slots["small"], slots["depth"]) for _ in range(frames)]
    picture = slots["frame"].view((scene.height, scene.width, 3)).copy()
    depth = slots["depth"].view(map_size(scene), np.float32).copy()
    return picture, depth, worker, times


# Time code ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [160, 320, 641, 1280, 1920, 3840])
@pytest.mark.parametrize("number", NUMBERS)
def test_contract_a_time_code_is_read_as_it_was_drawn(width: int, number: int) -> None:
    frame = np.random.default_rng(number).integers(0, 256, (120, width, 3), dtype=np.uint8)
    draw_time_code(frame, number)
    assert read_time_code(frame) == number
    assert read_time_code(frame[..., 0].copy()) == number, "in grey too"


def as_jpeg(frame: Picture, step: int) -> Picture:
    """What lossy coding does: every 8x8 block's cosine coefficients rounded to multiples of `step`."""
    i = np.arange(8)
    basis = (
        np.cos(np.pi * (2 * i[None, :] + 1) * i[:, None] / 16)
        * np.where(i == 0, 1 / 8, 1 / 4)[:, None] ** 0.5
    )
    out = frame.astype(np.float64)
    rows, columns = (size // 8 * 8 for size in frame.shape[:2])
    blocks = out[:rows, :columns].reshape(rows // 8, 8, columns // 8, 8, -1)
    coefficients = np.einsum("ui,aibjc,vj->aubvc", basis, blocks, basis)
    rounded = np.round(coefficients / step) * step
    out[:rows, :columns] = np.einsum("ui,aubvc,vj->aibjc", basis, rounded, basis).reshape(rows, columns, -1)
    return np.clip(out, 0, 255).astype(np.uint8)


def halved(frame: Picture) -> Picture:
    rows, columns = (size // 2 * 2 for size in frame.shape[:2])
    parts = frame[:rows, :columns].reshape(rows // 2, 2, columns // 2, 2, 3)
    return np.asarray(parts.mean(axis=(1, 3)), np.uint8)


@pytest.mark.parametrize("spoil", ["jpeg", "coarse jpeg", "noise", "dark", "blur", "half size", "all of it"])
def test_contract_it_survives_what_cameras_and_codecs_do(spoil: str) -> None:
    noise = np.random.default_rng(5)
    whole, _, _, _ = made(Settings(width=1280, height=720, balls=3))
    for number in NUMBERS:
        picture = whole[:64].copy()
        draw_time_code(picture, number)
        if spoil in ("jpeg", "all of it"):
            picture = as_jpeg(picture, 40)
        if spoil == "coarse jpeg":
            picture = as_jpeg(picture, 90)
        if spoil in ("noise", "all of it"):
            picture = np.clip(picture + noise.normal(0, 20, picture.shape), 0, 255).astype(np.uint8)
        if spoil == "dark":
            picture = (picture * 0.6).astype(np.uint8)
        if spoil == "blur":
            picture = ((picture.astype(int) + np.roll(picture, 1, 0) + np.roll(picture, 1, 1)) // 3).astype(
                np.uint8
            )
        if spoil in ("half size", "all of it"):
            picture = halved(picture)
        assert read_time_code(picture) == number, spoil


def test_contract_a_picture_without_one_has_none() -> None:
    noise = np.random.default_rng(3)
    for _ in range(100):
        assert read_time_code(noise.integers(0, 256, (120, 320, 3), dtype=np.uint8)) is None
    for value in (0, 127, 255):
        assert read_time_code(np.full((120, 320, 3), value, np.uint8)) is None


def test_contract_a_torn_picture_has_none_or_one_of_its_two_numbers() -> None:
    """The upper row from one frame, the lower from another."""
    for one, other in ((1, 2), (1000, 1001), (0xFFFF, 0x10000)):
        pictures = [np.zeros((120, 320, 3), np.uint8) for _ in range(2)]
        for picture, number in zip(pictures, (one, other), strict=True):
            draw_time_code(picture, number)
        pictures[0][square(320) :] = pictures[1][square(320) :]
        assert read_time_code(pictures[0]) is None


@pytest.mark.parametrize("width", [160, 320, 1280, 3840])
def test_contract_it_leaves_room_for_a_picture(width: int) -> None:
    assert BITS * square(width) <= width / 2 or width == 160
    assert 2 * square(width) <= 120 / 2


# Picture and depth --------------------------------------------------------------------------------------


def test_contract_frames_are_numbered_from_nought_and_times_never_go_back() -> None:
    picture, _, worker, times = made(Settings(width=320, height=180), frames=5)
    assert read_time_code(picture) == 4
    assert worker.number == 5
    assert times == sorted(times)
    assert abs(times[-1] - time.perf_counter_ns()) < 10e9


@pytest.mark.parametrize(
    ("width", "height", "scale"), [(160, 120, 1), (320, 180, 4), (641, 363, 7), (1280, 720, 8)]
)
def test_contract_sizes_hold_what_is_made(width: int, height: int, scale: int) -> None:
    scene = Settings(width=width, height=height, depth_scale=scale, balls=64)
    picture, depth, _, _ = made(scene)
    assert picture.shape == (height, width, 3)
    assert depth.shape == (height // scale, width // scale)
    network = DepthSettings(width=96, height=64)
    sizes = Scene.sizes(SimpleNamespace(scene=scene, depth=network), {})
    bars = sizes.pop("frame with bars")
    assert sizes == {"frame": picture.nbytes, "small": 64 * 96 * 3, "depth": depth.nbytes}
    rows, columns = canvas(height, width)
    assert bars == rows * columns * 3


def test_contract_the_near_ball_hides_the_far_one_in_picture_and_depth_alike() -> None:
    """Two balls in one place: both maps show the near one where they overlap, the far one around it."""
    scene = Settings(width=640, height=480, depth_scale=4, balls=2)
    picture, depth, worker, _ = made(scene)
    far, near = worker._balls
    assert far.inverse_depth < near.inverse_depth
    both, both_depth = picture.copy(), depth.copy()
    x, y = 320, 240
    for ball in (far, near):
        paste(both, ball.picture, ball.mask, x, y)
        small = ball.mask[2::4, 2::4]
        paste(both_depth, np.full(small.shape, ball.inverse_depth, np.float32), small, x // 4, y // 4)
    assert both_depth[y // 4, x // 4] == np.float32(near.inverse_depth)
    assert (both[y, x] == near.picture[near.mask.shape[0] // 2, near.mask.shape[1] // 2]).all()


@pytest.mark.parametrize("scale", [1, 2, 4, 5])
def test_contract_the_depth_map_has_its_balls_where_the_picture_has_them(scale: int) -> None:
    """Pixel by pixel: where the picture differs from its backdrop there is a ball in the map, and its edge is
    nowhere more than a map pixel off."""
    scene = Settings(width=640, height=480, depth_scale=scale, balls=4, speed=3.0)
    picture, depth, worker, _ = made(scene, frames=30)
    backdrop = paint_backdrop(480, 640)
    draw_time_code(backdrop, worker.number - 1)
    seen = (picture != backdrop).any(axis=2)
    mapped = depth != backdrop_depth(*map_size(scene))
    rows, columns = mapped.shape
    large = np.repeat(np.repeat(mapped, scale, 0), scale, 1)
    seen = seen[: rows * scale, : columns * scale]
    assert seen.any()
    near = dilated(large, scale + 1)
    inner = ~dilated(~large, scale + 1)
    assert not (seen & ~near).any(), "no ball outside its place in the map"
    shadows = np.count_nonzero(inner & ~seen) / (np.count_nonzero(inner) or 1)
    assert shadows < 0.02, "and no place in the map without its ball"


def dilated(mask: npt.NDArray[np.bool_], by: int) -> npt.NDArray[np.bool_]:
    out = mask.copy()
    for axis in (0, 1):
        out = np.logical_or.reduce([np.roll(out, shift, axis) for shift in range(-by, by + 1)])
    return np.asarray(out)


def test_contract_the_backdrop_is_a_sky_far_away_and_a_floor_that_comes_nearer() -> None:
    depth = backdrop_depth(100, 10)
    assert (depth[: int(100 * HORIZON)] == np.float32(FAR)).all()
    assert (np.diff(depth[int(100 * HORIZON) + 5 :, 0]) > 0).all()
    assert depth[-1, 0] == pytest.approx(NEAR_FLOOR, rel=0.02)
    assert floor_depth(np.array([HORIZON]))[0] == 0


def test_contract_balls_are_the_same_every_time_and_the_far_ones_first() -> None:
    one, other = make_balls(6, 720), make_balls(6, 720)
    assert [ball.x for ball in one] == [ball.x for ball in other]
    depths = [ball.inverse_depth for ball in one]
    assert depths == sorted(depths)
    sizes = [ball.mask.shape[0] for ball in one]
    assert sizes == sorted(sizes), "near ones are larger"
    assert make_balls(0, 720) == []


@pytest.mark.parametrize(
    ("x", "y"), [(-100, 50), (0, 0), (49, 29), (200, 50), (25, -100), (25, 100), (-3, -3)]
)
def test_contract_what_sticks_out_is_cut_off(x: int, y: int) -> None:
    target = np.zeros((30, 50, 3), np.uint8)
    stamp, mask = np.full((11, 11, 3), 200, np.uint8), np.ones((11, 11), bool)
    paste(target, stamp, mask, x, y)
    rows, columns = np.nonzero(target[..., 0])
    expected = [(r, c) for r in range(30) for c in range(50) if abs(r - y) <= 5 and abs(c - x) <= 5]
    assert list(zip(rows.tolist(), columns.tolist(), strict=True)) == expected


def test_contract_it_moves_and_can_be_stopped() -> None:
    still, _, _, _ = made(Settings(width=320, height=180, speed=0), frames=1)
    later, _, _, _ = made(Settings(width=320, height=180, speed=0), frames=20)
    assert (still[30:] == later[30:]).all()
    moving, _, worker, _ = made(Settings(width=320, height=180, speed=10), frames=1)
    worker._angle += 1
    assert (moving[30:] != made(Settings(width=320, height=180, speed=10), frames=20)[0][30:]).any()


def test_contract_it_is_due_at_its_rate_and_makes_no_burst_after_a_pause() -> None:
    *_, worker, _ = made(Settings(width=160, height=120), fps=50)
    first = worker.due()
    slots = [open_slot(1 << 18) for _ in range(3)]
    worker.process(*slots)
    assert worker.due() == pytest.approx(first + 1 / 50)
    worker._due -= 10  # as if it had been away for ten seconds
    worker.process(*slots)
    assert worker.due() > time.perf_counter() - 5
