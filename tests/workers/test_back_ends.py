"""Compiled, torch and the window's shaders make the same two views; and they make those they always made.

The golden pictures in golden/ are of the program's own test scene. Where the definition of a view changes on
purpose: `STEREORING_RENEW=1 scripts/test tests/workers/test_back_ends.py`, look at what has become of them,
and commit them with the change.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from scripts.stereo_paths.pairs import read
from scripts.stereo_paths.scores import psnr
from tests.live.needs import needs
from tests.workers.test_compose import composed
from tests.workers.views.back_ends import BackEnd, Map, Picture, compiled, shaders, with_torch
from tests.workers.views.known import Square, scene_of, sheets
from workers.capture.scene import backdrop_depth, make_balls, paint_backdrop, paste
from workers.stereo import LAYOUTS, Settings
from workers.stereo._layout import lay_out
from workers.stereo._parallax import Parallax, parallax_for

GOLDEN = Path(__file__).parent / "golden"
HEIGHT, WIDTH = 120, 160
ALIKE = 40.0  # dB
WITH_TWO_VIEWS = [name for name in LAYOUTS if name not in ("rgb+depth", "depth")]
WITH_A_PHASE = ("row-interlaced", "column-interlaced", "checkerboard", "frame-sequential")


def scene(scale: int) -> tuple[Picture, Map]:
    """Balls over a floor: uint8[HEIGHT, WIDTH, 3] and nearness float32[HEIGHT / scale, WIDTH / scale]."""
    frame, nearness = paint_backdrop(HEIGHT, WIDTH), backdrop_depth(HEIGHT, WIDTH)
    for ball in make_balls(6, HEIGHT):
        x, y = int(ball.x * WIDTH), int(ball.y * HEIGHT)
        paste(frame, ball.picture, ball.mask, x, y)
        paste(nearness, np.broadcast_to(np.float32(ball.inverse_depth), ball.mask.shape), ball.mask, x, y)
    small = cv2.resize(nearness, (WIDTH // scale, HEIGHT // scale), interpolation=cv2.INTER_AREA)
    return frame, np.asarray(small, np.float32)


@pytest.fixture(scope="module")
def by_shaders() -> Iterator[BackEnd]:
    with shaders() as render:
        yield render


@pytest.fixture(params=["torch", pytest.param("shaders", marks=needs("Xvfb"))])
def other(request: pytest.FixtureRequest) -> BackEnd:
    if request.param == "torch":
        pytest.importorskip("torch")
        return with_torch
    render: BackEnd = request.getfixturevalue("by_shaders")
    return render


def assert_alike(one: Picture, other: Picture, most: float = ALIKE) -> None:
    assert one.shape == other.shape
    alike = psnr(one, other)
    assert alike >= most, f"{alike:.1f} dB"


@pytest.mark.parametrize("strength", [2.0, 8.0])
@pytest.mark.parametrize("scale", [1, 2, 4])
def test_contract_back_ends_agree_whatever_the_map_s_size(
    scale: int, strength: float, other: BackEnd
) -> None:
    frame, nearness = scene(scale)
    layout = lay_out("full-sbs", HEIGHT, WIDTH, False)
    given = frame, nearness, parallax_for(Settings(strength=strength, comfort_percent=5.0), WIDTH), layout, 0
    assert_alike(compiled(*given), other(*given))


@pytest.mark.parametrize("layout", WITH_TWO_VIEWS)
def test_contract_back_ends_agree_on_every_layout(layout: str, other: BackEnd) -> None:
    """Bars and whose turn it is included."""
    for phase in (0, 1) if layout in WITH_A_PHASE else (0,):
        given = (
            *scene(2),
            parallax_for(Settings(strength=6.0), WIDTH),
            lay_out(layout, HEIGHT, WIDTH, True),
            phase,
        )
        assert_alike(compiled(*given), other(*given))


@pytest.mark.parametrize("parallax", [6.0, 2.5, 7.25, -6.0, -2.5])
def test_contract_back_ends_agree_on_a_square_before_a_plane(parallax: float, other: BackEnd) -> None:
    square = Square(40, 55, parallax)
    frame, nearness = scene_of(square, *sheets(textured=True))
    layout = lay_out("full-sbs", *frame.shape[:2], False)
    given = frame, nearness, Parallax(2 * abs(parallax), 0.5, 20.0), layout, 0
    assert_alike(compiled(*given), other(*given))


def test_contract_back_ends_agree_when_eyes_are_swapped(other: BackEnd) -> None:
    layout = lay_out("full-tab", HEIGHT, WIDTH, False)
    given = *scene(2), parallax_for(Settings(strength=6.0, swap_eyes=True), WIDTH), layout, 0
    assert_alike(compiled(*given), other(*given))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_contract_the_picture_is_as_it_always_was(layout: str) -> None:
    path = GOLDEN / f"{layout}.png"
    frame, nearness = scene(2)
    picture = composed(layout, nearness, frame, height=240, strength=6.0, fill_16_9=True)
    if os.environ.get("STEREORING_RENEW"):
        path.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(path), picture[..., ::-1])
    assert_alike(picture, read(path), 50.0)
