"""Keys that work while another program has the keyboard, on a real X server."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from Xlib import XK, X  # type: ignore[import-untyped]
from Xlib import display as xdisplay

from tests.live.browser import Browser
from tests.live.client import Client
from tests.live.display import Display
from tests.live.headset import IWER, SIDE, Headset, screen_in
from tests.live.needs import needs
from tests.live.picture import frame_number
from tests.live.program import SCREEN, on_the_web, program
from tests.pipeline.running import Launcher, until
from tests.workers.people import needs_people

pytestmark = needs("Xvfb", "xdotool", "model")
TAKEN = "ctrl+alt+page_down cannot be used while another program has the keyboard: another program has it"


@pytest.fixture
def launcher(display: Display, port: int, tmp_path: Path) -> Iterator[Launcher]:
    """While something else has the keyboard, and one of the keys."""
    display.show_something_moving()
    other = xdisplay.Display(display.name)
    code = other.keysym_to_keycode(XK.string_to_keysym("Next"))
    other.screen().root.grab_key(code, X.ControlMask | X.Mod1Mask, True, X.GrabModeAsync, X.GrabModeAsync)
    other.sync()
    with program(tmp_path, *SCREEN, *on_the_web(port)) as launcher:
        display.xdotool("windowfocus", display.window("something moving"))
        yield launcher
    other.close()


def test_a_game_has_the_keyboard_and_the_keys_work(display: Display, port: int, launcher: Launcher) -> None:
    with Client.watching(port) as client:
        client.until_in_stereo()
        launcher.until_logged(TAKEN)
        normal = client.near_shift()

        display.xdotool("key", "ctrl+alt+v")
        client.until(lambda: abs(client.near_shift()) < 0.5, "both eyes see the same")
        display.xdotool("key", "ctrl+alt+v")
        client.until(lambda: client.near_shift() > 0.8 * normal, "it is 3D again")

        for _ in range(4):
            display.xdotool("key", "ctrl+alt+Prior")
        client.until(lambda: client.near_shift() > 1.25 * normal, "it is deeper")


@needs_people()
def test_where_no_worker_has_what_a_key_changes_it_does_nothing(display: Display, tmp_path: Path) -> None:
    with program(tmp_path, "job.kind=pose", "capture.source=scene", "sinks=null") as launcher:
        launcher.until_running("capture", "pose")
        display.xdotool("key", "ctrl+alt+v")
        launcher.until_logged("does nothing: no worker that runs here has stereo.view")
        display.xdotool("key", "ctrl+alt+space")
        launcher.until_logged("capture.paused is now True")


def test_pause_stops_the_picture_and_goes_on(display: Display, port: int, launcher: Launcher) -> None:
    with Client.watching(port) as client:
        client.until_in_stereo()
        display.xdotool("key", "ctrl+alt+space")
        launcher.until_logged("capture.paused is now True")
        client.until(lambda: stands_still(client), "no new frame comes")
        assert not client.last.stale
        display.xdotool("key", "ctrl+alt+space")
        client.until_new(5)


def test_a_picture_that_stands_still_can_still_be_made_deeper(
    display: Display, port: int, launcher: Launcher
) -> None:
    with Client.watching(port) as client:
        client.until_in_stereo()
        display.xdotool("key", "ctrl+alt+space")
        launcher.until_logged("capture.paused is now True")
        client.until(lambda: stands_still(client), "no new frame comes")
        shift, number = client.near_shift(), frame_number(client.last.picture)
        for _ in range(4):
            display.xdotool("key", "ctrl+alt+Prior")
        client.until(lambda: client.near_shift() > 1.25 * shift, "it is deeper")
        with Client.watching(port) as another:
            another.until_in_stereo()
            assert frame_number(another.last.picture) == number
        assert frame_number(client.last.picture) == number


@needs("chromium")
@pytest.mark.skipif(not IWER.exists(), reason="`python scripts/vendor.py test` has not got iwer")
def test_a_key_brings_a_headset_s_screen_to_where_one_looks(
    browser: Browser, display: Display, port: int, launcher: Launcher
) -> None:
    launcher.until_running("web")
    with Headset.on(browser, f"http://127.0.0.1:{port}/xr") as headset:
        headset.enter()
        before = screen_in(headset.eyes().left[: SIDE // 2])
        headset.turn("device", 30)
        away = screen_in(headset.eyes().left[: SIDE // 2])
        assert away[0] > before[0] + SIDE // 8
        display.xdotool("key", "ctrl+alt+Home")

        def is_back() -> bool:
            now = screen_in(headset.eyes().left[: SIDE // 2])
            return all(abs(one - other) <= SIDE // 80 for one, other in zip(now, before, strict=True))

        until(is_back, "the screen is where one looks")


def stands_still(client: Client) -> bool:
    """For longer than anything is under way."""
    before = client.last.t_capture
    time.sleep(1.5)
    return client.last.t_capture == before
