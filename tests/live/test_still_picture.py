"""The window while nothing new comes: a still picture is drawn again whenever the window needs it."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.live.display import Display, Place
from tests.live.needs import needs
from tests.live.picture import Painter, film, is_in_stereo, save
from tests.live.program import program
from tests.live.window import Window

pytestmark = needs("Xvfb", "xdotool", "model")


WAYS = [
    ("own", "exact"),
    ("sink", "exact"),
    ("with_depth", "exact"),
    ("own", "latest"),
    ("with_depth", "latest"),
]


@pytest.fixture(scope="module", params=WAYS, ids=" ".join)
def window(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Window]:
    """One for both tests: the first leaves it small, the second with another layout."""
    folder = tmp_path_factory.mktemp("still")
    path = folder / "still.png"
    save(Painter().paint(5), path)
    settings = "capture.source=image", f"image.path={path}", "sinks=[window]"
    where, sync = request.param
    way = f"stereo.where={where}", f"depth.sync={sync}"
    with Display.in_use(1920, 720) as display, program(folder, *settings, *way) as launcher:
        window = Window(display, launcher)
        window.until_in_stereo()
        yield window


def test_it_fills_the_screen_and_any_size(window: Window) -> None:
    window.press("Return")
    window.until(lambda: window.place == Place(0, 0, 1920, 720), "the window covers the screen")
    window.until(lambda: is_in_stereo(window.picture[:, 320:1600]), "the picture is in its middle")
    window.press("Return")
    window.until(lambda: window.place.width < 1920, "the window is back")
    window.until_in_stereo()
    window.resize(640, 360)
    window.until(lambda: window.place.width == 640, "the window is small")
    window.until_in_stereo()


def test_strength_and_layout_change(window: Window) -> None:
    normal = window.near_shift()
    window.press("Up", 4)
    window.until(lambda: window.near_shift() > 1.25 * normal, "the near ball comes nearer")
    window.press("0")
    window.until(lambda: window.near_shift() < 1.1 * normal, "the strength is as set")
    window.press("Tab", 2)
    window.until_in_stereo("half-tab")


def test_d_leaves_depth_too_where_the_program_began_with_it(display: Display, tmp_path: Path) -> None:
    path = tmp_path / "still.png"
    save(Painter().paint(5), path)
    settings = "capture.source=image", f"image.path={path}", "sinks=[window]", "stereo.layout=depth"
    with program(tmp_path, *settings) as launcher:
        window = Window(display, launcher)
        window.until(lambda: is_grey(window), "the depth is shown")
        window.press("d")
        window.until_in_stereo()
        window.press("d")
        window.until(lambda: is_grey(window), "the depth is shown")


def is_grey(window: Window) -> bool:
    picture = window.picture.astype(int)
    return bool(picture.max() > 200 and np.ptp(picture, axis=2).max() < 12)


def test_the_last_picture_stays_up_when_the_source_is_gone(
    display: Display, tmp_path: Path, shots: Path
) -> None:
    path = film(tmp_path / "moving.mp4")
    settings = "capture.source=video", f"video.path={path}", "sinks=[window]"
    with program(tmp_path, *settings) as launcher:
        window = Window(display, launcher)
        window.until_in_stereo()
        path.unlink()
        os.kill(launcher.pids()["capture"], signal.SIGKILL)
        window.until(lambda: has_warning(window), "the window says that the picture is stale")
        launcher.until_logged("stays off")
        save(window.picture, shots / "window_stale.png")
        assert is_in_stereo(window.picture)
        window.press("Return")
        window.until(lambda: window.place.width == 1920, "the window covers the screen")
        window.until(lambda: is_in_stereo(window.picture[:, 320:1600]), "the picture is there too")
        window.until(lambda: has_warning(window), "the warning too")


def has_warning(window: Window) -> bool:
    """Orange letters at the bottom left."""
    letters = window.picture[-80:, :400].astype(int)
    orange = (letters[..., 0] > 200) & (letters[..., 1] > 130) & (letters[..., 2] < 110)
    return int(orange.sum()) > 100
