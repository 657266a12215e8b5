"""The screen in 3D, end to end: something moves on a real X screen, is captured, turned by the real network,
and seen in a real browser and in the program's own window."""

from pathlib import Path

import pytest

from tests.live.browser import Browser
from tests.live.display import Display, Place
from tests.live.needs import needs
from tests.live.picture import Picture, assert_in_stereo, frame_number, is_in_stereo, save
from tests.live.program import SCREEN, free_port, on_the_web, program
from tests.pipeline.running import until

pytestmark = needs("Xvfb", "model")


@needs("chromium")
def test_the_screen_is_seen_in_3d_in_a_browser(
    display: Display, browser: Browser, tmp_path: Path, shots: Path
) -> None:
    display.show_something_moving()
    port = free_port()
    with program(tmp_path, *SCREEN, *on_the_web(port)) as launcher:
        launcher.until_running("capture", "depth", "steady", "stereo", "web")
        with browser.page(port) as page:
            page.until_new(10)
            first, shot = page.until_in_stereo(page.canvas), page.until_in_stereo(page.screenshot)
            save(shot, shots / "screen_in_chromium.png")
            page.until_new(5)
            second = page.canvas()
    assert_in_stereo(first)
    assert_in_stereo(shot)  # 1280 x 720: the canvas fills the page
    assert frame_number(second) > frame_number(first)


@needs("xdotool")
@pytest.mark.parametrize("where", ["own", "sink"])
def test_the_screen_is_seen_in_3d_in_the_window(
    where: str, display: Display, tmp_path: Path, shots: Path
) -> None:
    display.show_something_moving()
    with program(tmp_path, *SCREEN, "sinks=[window]", f"stereo.where={where}"):
        window = display.window()
        display.xdotool("windowmove", window, 640, 0)
        until(lambda: shows_stereo(display, window), "the window shows both eyes")
        first = display.screenshot()
        save(first, shots / f"screen_in_window_{where}.png")
        begin = frame_number(inside(first, display.place(window)))
        until(lambda: frame_number(display.screenshot(display.place(window))) > begin, "the picture goes on")


def shows_stereo(display: Display, window: int) -> bool:
    place = display.place(window)
    if place.left < 640:
        return False
    try:
        return is_in_stereo(display.screenshot(place))
    except AssertionError:  # nothing yet
        return False


def inside(picture: Picture, place: Place) -> Picture:
    return picture[place.top : place.top + place.height, place.left : place.left + place.width]
