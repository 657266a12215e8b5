"""A screen that is as wide as two, as 3D glasses have it: covered whole, and the mouse goes through."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from Xlib import X  # type: ignore[import-untyped]
from Xlib import display as xdisplay

from tests.live.display import Display, Place
from tests.live.needs import needs
from tests.live.picture import is_in_stereo, save
from tests.live.program import environment, program
from tests.pipeline.running import Launcher, until

pytestmark = needs("Xvfb", "xdotool", "model")
SCREEN = Place(0, 0, 2560, 720)
SOURCE = "capture.source=window_x11", "window_x11.title=Something", "capture.crop_black_bars=false"


@pytest.fixture
def wide() -> Iterator[Display]:
    with Display.in_use(SCREEN.width, SCREEN.height) as screen:
        screen.show_something_moving()
        yield screen


@pytest.fixture
def target(wide: Display) -> Iterator[Any]:
    """Something to click at, right of what moves; its connection to the X server."""
    client = xdisplay.Display(wide.name)
    window = client.screen().root.create_window(
        800, 100, 300, 300, 0, X.CopyFromParent, background_pixel=0x204060, event_mask=X.ButtonPressMask
    )
    window.map()
    client.sync()
    yield client
    client.close()


@pytest.fixture
def launcher(wide: Display, target: Any, tmp_path: Path) -> Iterator[Launcher]:
    with (
        environment(XDG_STATE_HOME=str(tmp_path / "state")),
        program(tmp_path, *SOURCE, "sinks=[monitor3d]") as launcher,
    ):
        yield launcher


def test_the_window_under_it_is_seen_in_both_eyes(
    wide: Display, launcher: Launcher, tmp_path: Path, shots: Path
) -> None:
    launcher.until_logged("covering monitor 1")
    until(lambda: wide.place(wide.window()) == SCREEN, "it covers the screen")
    until(lambda: shows_stereo(wide), "both eyes are seen")
    save(wide.screenshot(), shots / "monitor3d.png")
    assert "the layout is full-sbs, since the display is as wide as two" in launcher.log
    assert "2560" in (tmp_path / "state/stereoring/monitor3d.json").read_text()


def test_clicks_go_through_and_the_pointer_is_in_both_eyes(
    wide: Display, target: Any, launcher: Launcher, shots: Path
) -> None:
    wide.xdotool("mousemove", 900, 200)
    until(lambda: shows_stereo(wide), "both eyes are seen")
    wide.xdotool("click", 1)
    until(target.pending_events, "what is under our window is clicked at")
    assert target.next_event().type == X.ButtonPress
    wide.xdotool("mousemove", 320, 60)
    time.sleep(1.0)
    save(wide.screenshot(), shots / "monitor3d_pointer.png")


def test_glasses_that_switch_to_3d_and_back_are_covered_on(
    wide: Display, target: Any, tmp_path: Path, shots: Path
) -> None:
    wide.resize(SCREEN.width // 2, SCREEN.height)
    settings = "sinks=[monitor3d]", "monitor3d.monitor=1"
    with (
        environment(XDG_STATE_HOME=str(tmp_path / "state")),
        program(tmp_path, *SOURCE, *settings) as launcher,
    ):
        launcher.until(lambda: shows_stereo(wide, "half-sbs"), "both eyes are seen in 2D's resolution")
        wide.resize(SCREEN.width, SCREEN.height)
        launcher.until(lambda: wide.place(wide.window()) == SCREEN, "it covers the screen")
        launcher.until(lambda: shows_stereo(wide), "both eyes are seen, each whole")
        save(wide.screenshot(), shots / "monitor3d_switched.png")
        assert "the layout is full-sbs, since the display is as wide as two" in launcher.log
        wide.resize(SCREEN.width // 2, SCREEN.height)
        launcher.until_logged("the layout is half-sbs, since the display is no longer as wide as two")
        launcher.until(lambda: shows_stereo(wide, "half-sbs"), "both eyes are seen")
        assert "unplugged" not in launcher.log


def shows_stereo(display: Display, layout: str = "full-sbs") -> bool:
    try:
        return is_in_stereo(display.screenshot(), layout)
    except AssertionError:  # nothing yet
        return False


def test_where_no_monitor_is_wide_it_asks_which(display: Display, tmp_path: Path) -> None:
    display.show_something_moving()
    with (
        environment(XDG_STATE_HOME=str(tmp_path / "state")),
        program(tmp_path, *SOURCE, "sinks=[monitor3d]") as launcher,
    ):
        launcher.until_logged("monitor3d.monitor: which monitor is the 3D display?")
    assert np.all(display.screenshot().shape[:2] == (720, 1920))
