"""One window of a real X screen as the source: covered, resized, minimised, closed and opened again."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from Xlib import X  # type: ignore[import-untyped]
from Xlib import display as xdisplay

from tests.live.client import Client
from tests.live.display import Display
from tests.live.needs import needs
from tests.live.program import on_the_web, program
from tests.pipeline.running import Launcher, command, until
from tests.workers.pushed import Watched
from workers.capture import Settings as CaptureSettings
from workers.capture._x11 import windows
from workers.capture.window_x11 import Settings, WindowX11
from workers.depth import Settings as DepthSettings

pytestmark = needs("Xvfb", "xdotool", "model")
SOURCE = (
    "capture.source=window_x11",
    "window_x11.title=Something",
    "window_x11.cursor=false",
    "capture.crop_black_bars=false",
)


@pytest.fixture
def launcher(display: Display, port: int, tmp_path: Path) -> Iterator[Launcher]:
    display.show_something_moving()
    with program(tmp_path, *SOURCE, *on_the_web(port)) as launcher:
        yield launcher


def test_a_covered_window_is_seen_in_3d(display: Display, port: int, launcher: Launcher) -> None:
    with Client.watching(port) as client:
        client.until_in_stereo()
        before = display.screenshot()
        with covered(display):
            assert (display.screenshot() != before).mean() > 0.2, "it is covered"
            client.until_new(10)
        client.until_in_stereo()


def test_it_follows_a_window_that_is_resized(display: Display, port: int, launcher: Launcher) -> None:
    with Client.watching(port) as client:
        client.until_in_stereo()
        display.xdotool("windowsize", display.window("something moving"), 800, 450)
        client.until(lambda: client.last.picture.shape[1] == 800, "the picture has the window's size")


def test_a_window_that_is_hidden_or_closed_is_waited_for(
    display: Display, port: int, launcher: Launcher
) -> None:
    with Client.watching(port) as client:
        client.until_in_stereo()
        window = display.window("something moving")
        display.xdotool("windowunmap", window)
        launcher.until_logged("the window 'Something' is minimised or closed; looking for it")
        client.until(lambda: client.last.stale, "the picture is marked stale")
        display.xdotool("windowmap", window)
        client.until(lambda: not client.last.stale, "the picture is back")
        display.end_helpers()
        client.until(lambda: client.last.stale, "the picture is marked stale again")
        display.show_something_moving()
        opened = time.monotonic()
        client.until(lambda: not client.last.stale, "the picture is back")
        client.until_new()
        assert time.monotonic() - opened < 10  # 2 s on a quiet machine


def test_contract_another_rate_is_taken_while_it_runs(display: Display, tmp_path: Path) -> None:
    display.show_something_moving()
    often, seldom = (CaptureSettings(crop_black_bars=False, fps=fps) for fps in (60, 4))
    settings = SimpleNamespace(window_x11=Settings("Something"), capture=often, depth=DepthSettings())
    source = Watched(lambda host: WindowX11(settings, host), tmp_path / "trouble")
    source.open()
    source.picture()
    settings.capture = seldom
    source.picture()
    began = time.monotonic()
    for _ in range(3):
        source.picture()
    source.worker.close()
    assert time.monotonic() - began > 0.5, "four a second"


@pytest.mark.parametrize("size", [(320, 360), (640, 200), (800, 450)])
def test_contract_a_window_that_changes_its_size_while_a_picture_is_taken_is_followed(
    display: Display, tmp_path: Path, size: tuple[int, int]
) -> None:
    """It is there all the time, and nothing of what it was before is around it."""
    display.show_something_moving()
    capture = CaptureSettings(crop_black_bars=False, fps=4)  # FFmpeg waits before each picture
    settings = SimpleNamespace(window_x11=Settings("Something"), capture=capture, depth=DepthSettings())
    source = Watched(lambda host: WindowX11(settings, host), tmp_path / "trouble")
    source.open()
    source.picture()
    window = display.window("something moving")
    for columns, rows in ((640, 360), size, (640, 360), size):
        resizing = threading.Timer(0.05, display.xdotool, ("windowsize", window, columns, rows))
        resizing.start()
        source.picture()
        resizing.join()
        until(lambda rows=rows, columns=columns: source.picture().shape == (rows, columns, 3), "its size")
    assert source.told == ["ready"]
    source.worker.close()


@contextmanager
def covered(display: Display) -> Iterator[None]:
    """By a red window as large as the screen."""
    screen = xdisplay.Display(display.name)
    window = screen.screen().root.create_window(
        0, 0, display.width, display.height, 0, X.CopyFromParent, background_pixel=0xC00000
    )
    window.map()
    screen.sync()
    time.sleep(0.2)
    yield
    screen.close()


def test_contract_windows_are_listed_by_title(display: Display) -> None:
    display.show_something_moving()
    (window,) = windows()
    assert window.title == "something moving"
    assert (window.width, window.height) == (640, 360)
    assert window.shown


def test_contract_a_title_that_no_window_has_is_told_with_those_that_there_are(display: Display) -> None:
    display.show_something_moving()
    done = command("--plan", "--set=capture.source=window_x11", "--set=window_x11.title=game")
    assert done.returncode == 2
    assert "no window has 'game' in its title (there are: 'something moving')" in done.stderr
