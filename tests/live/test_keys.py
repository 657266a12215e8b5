"""The window's keys, pressed on a real keyboard of a real X server. What they do is read from the screen."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from Xlib import X  # type: ignore[import-untyped]
from Xlib import display as xdisplay

from tests.live.display import Display, Picture, Place
from tests.live.needs import needs
from tests.live.picture import Eyes, eyes_of, film, is_in_stereo, save, shifts
from tests.live.program import program
from tests.live.window import Window
from tests.pipeline.running import nothing_is_left

pytestmark = needs("Xvfb", "xdotool", "model")
SCREEN = Place(0, 0, 1920, 720)


@pytest.fixture(scope="module", params=["own", "sink"])
def window(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Window]:
    """One for all tests; each leaves it as it was. It shows a 4:3 film."""
    folder = tmp_path_factory.mktemp("keys")
    path = film(folder / "moving.mp4", slice(80, 560))
    with Display.in_use(SCREEN.width, SCREEN.height) as display:
        settings = "capture.source=video", f"video.path={path}", "sinks=[window]"
        with program(folder, *settings, f"stereo.where={request.param}") as launcher:
            window = Window(display, launcher)
            window.until_in_stereo()
            yield window


# What has nothing to do with who makes the views is tried with one of them.
in_one = pytest.mark.parametrize("window", ["own"], indirect=True)


@in_one
@pytest.mark.parametrize("key", ["Return", "space"])
def test_full_screen_and_back(key: str, window: Window) -> None:
    before = window.place
    window.press(key)
    window.until(lambda: window.place == SCREEN, "the window covers the screen")
    window.until(lambda: is_in_stereo(_middle(window.picture)), "the picture is in its middle")
    window.press(key)
    window.until(lambda: window.place == before, f"the window is back at {before}, not {window.place}")
    window.until_in_stereo()


@in_one
def test_full_screen_leaves_the_mouse_alone(window: Window) -> None:
    window.display.xdotool("mousemove", 1500, 600)
    window.press("Return")
    window.until(lambda: window.place == SCREEN, "the window covers the screen")
    client = xdisplay.Display(window.display.name)
    pointer = client.screen().root.query_pointer()
    assert (pointer.root_x, pointer.root_y) == (1500, 600)
    grabbed = client.screen().root.grab_pointer(
        True, X.ButtonPressMask, X.GrabModeAsync, X.GrabModeAsync, X.NONE, X.NONE, X.CurrentTime
    )
    assert grabbed == X.GrabSuccess, "nobody else has it"
    client.close()
    window.press("Return")
    window.until_in_stereo()


@in_one
def test_escape_leaves_full_screen_first(window: Window) -> None:
    before = window.place
    window.press("Return")
    window.until(lambda: window.place == SCREEN, "the window covers the screen")
    window.press("Escape")
    window.until(lambda: window.place == before, "the window is back")
    window.until_in_stereo()


def test_up_down_and_nought_change_the_strength(window: Window) -> None:
    normal = window.near_shift()
    window.press("Up", 4)  # 4 → 6
    window.until(lambda: window.near_shift() > 1.25 * normal, "the near ball comes nearer")
    window.press("Down", 8)  # 6 → 2
    window.until(lambda: window.near_shift() < 0.75 * normal, "the near ball goes back")
    window.press("0")
    window.until(lambda: abs(window.near_shift() / normal - 1) < 0.15, "the strength is as set")


def test_v_shows_both_eyes_the_same_and_back(window: Window) -> None:
    window.press("v")
    window.until(lambda: abs(window.near_shift()) < 0.5, "both eyes see the same")
    window.press("v")
    window.until_in_stereo()


@in_one
def test_p_stops_the_film_and_lets_it_go_on(window: Window) -> None:
    window.press("p")
    window.until(lambda: _stands_still(window), "the picture stands still")
    window.press("p")
    window.until(lambda: not _stands_still(window), "it goes on")
    window.until_in_stereo()


def test_what_changes_while_the_film_stands_still_is_seen_at_once(window: Window) -> None:
    window.press("p")
    window.until(lambda: _stands_still(window), "the picture stands still")
    shift = window.near_shift()
    window.press("Up", times=4)  # 4 → 6
    window.until(lambda: window.near_shift() > 1.25 * shift, "the near ball comes nearer")
    window.until(lambda: _stands_still(window), "it is still the same frame")
    window.press("v")
    window.until(lambda: abs(window.near_shift()) < 1, "both eyes see the same")
    window.press("v")
    window.press("0")
    window.press("p")
    window.until_in_stereo()


def test_tab_goes_through_the_layouts(window: Window) -> None:
    window.press("Tab")
    window.until(lambda: window.aspect > 3 and is_in_stereo(window.picture), "full side by side")
    window.press("Tab")
    window.until_in_stereo("half-tab")
    window.press("Tab")
    window.until(lambda: window.aspect < 1 and is_in_stereo(window.picture, "full-tab"), "full top-bottom")
    for glasses in ("Dubois", "half-colour", "grey"):
        window.press("Tab")
        window.until(lambda: window.aspect < 2 and _is_anaglyph(window.picture), f"red-cyan, {glasses}")
    for turns in ("rows", "columns", "chequered"):
        window.press("Tab")
        window.until(lambda turns=turns: _eyes_take(turns, window), f"the eyes take turns by {turns}")
    window.press("Tab")
    window.until(lambda: not _eyes_take("chequered", window), "one eye at a time")
    window.press("Tab")
    window.until(lambda: window.aspect > 3 and _is_depth(eyes_of(window.picture).right), "RGB and depth")
    window.press("Tab")
    window.until(lambda: _is_depth(window.picture), "the depth map")
    window.press("Tab")
    window.until_in_stereo()


def test_d_shows_the_depth(window: Window, shots: Path) -> None:
    window.press("d")
    window.until(lambda: _is_depth(window.picture), "the depth map")
    save(window.picture, shots / "window_depth.png")
    window.press("d")
    window.until_in_stereo()


@in_one
def test_a_fills_to_16_9_or_not(window: Window) -> None:
    window.until(lambda: window.aspect == pytest.approx(16 / 9, abs=0.02), "the window is 16:9")
    window.until(lambda: _is_black(window.picture[:, :50]), "there are bars")
    window.press("a")
    window.until(lambda: window.aspect == pytest.approx(4 / 3, abs=0.02), "the window has the film's shape")
    window.until(lambda: not _is_black(window.picture[:, :50]), "there is no bar")
    window.press("a")
    window.until(lambda: window.aspect == pytest.approx(16 / 9, abs=0.02), "the bars are back")
    window.until_in_stereo()


@in_one
def test_f_shows_the_figures(window: Window, shots: Path) -> None:
    assert not _has_text(window.picture)
    window.press("f")
    window.until(lambda: _has_text(window.picture), "the figures are there")
    save(window.picture, shots / "window_figures.png")
    window.press("f")
    window.until(lambda: not _has_text(window.picture), "the figures are gone")


@in_one
def test_l_unlocks_the_aspect(window: Window, shots: Path) -> None:
    before = window.place
    window.resize(800, 300)
    window.until(lambda: window.place.height == 450, "the window keeps the picture's shape")
    window.until_in_stereo()
    window.press("l")
    window.resize(900, 300)
    window.until(lambda: is_in_stereo(_middle(window.picture)), "the picture is in the window's middle")
    assert (window.place.width, window.place.height) == (900, 300)
    save(window.picture, shots / "window_unlocked.png")
    window.press("l")
    window.until(lambda: window.place.height == 506, "the window gets the picture's shape again")
    window.resize(before.width, before.height)
    window.until(lambda: window.place == before, "the window is as before")
    window.until_in_stereo()


def test_escape_ends_the_program(window: Window) -> None:
    """The last one: nothing is left."""
    window.launcher.figures()
    segments = window.launcher.segments()
    window.press("Escape")
    assert window.launcher.wait() == 0
    assert "the window was closed" in window.launcher.log
    nothing_is_left(window.launcher, segments)


def _middle(picture: Picture) -> Picture:
    """The largest 16:9 in the middle."""
    height, width = picture.shape[:2]
    rows, columns = min(height, width * 9 // 16), min(width, height * 16 // 9)
    top, left = (height - rows) // 2, (width - columns) // 2
    return picture[top : top + rows, left : left + columns]


def _is_anaglyph(picture: Picture) -> bool:
    """Both eyes in one place, and something before or behind the screen: its sides are red and cyan."""
    red, cyan = picture[..., 0].astype(int), picture[..., 1:].astype(int).min(axis=2)
    return bool((red - cyan > 40).sum() > 200 and (cyan - red > 40).sum() > 200)


def _eyes_take(turns: str, window: Window) -> bool:
    """By the screen's own rows, columns or both: the even ones are the left eye's."""
    place, picture = window.place, window.picture
    rows, columns = place.top % 2, place.left % 2
    if turns == "rows":
        eyes = Eyes(picture[rows::2], picture[1 - rows :: 2])
    elif turns == "columns":
        eyes = Eyes(picture[:, columns::2], picture[:, 1 - columns :: 2])
    else:
        eyes = Eyes(picture[rows::2, columns::2], picture[rows::2, 1 - columns :: 2])
    near, far = shifts(eyes)
    return near - far > 1.5


def _is_depth(picture: Picture) -> bool:
    """A depth map: near is white."""
    return bool(np.ptp(picture.astype(int), axis=2).max() < 12 and picture.max() > 200)


def _stands_still(window: Window) -> bool:
    before = window.picture
    time.sleep(0.5)
    return np.array_equal(window.picture, before)


def _is_black(picture: Picture) -> bool:
    return bool(picture.max() < 12)


def _has_text(picture: Picture) -> bool:
    """White letters at the bottom left, which is a bar or dark floor otherwise."""
    return int((picture[-40:, :400].min(axis=2) > 200).sum()) > 100
