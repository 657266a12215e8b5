"""Small pictures of a real X screen and of windows on it."""

import numpy as np
import pytest
import simplejpeg

from pipeline.devices import devices, thumbnail
from tests.live.display import Display
from tests.live.needs import needs
from workers.house import Refused

pytestmark = [needs("Xvfb", "xdotool"), pytest.mark.timeout(60)]


def seen(jpeg: bytes) -> np.ndarray:
    return np.asarray(simplejpeg.decode_jpeg(jpeg, colorspace="RGB"))


def has_the_red_ball(picture: np.ndarray) -> bool:
    red, green, blue = (picture[..., part].astype(int) for part in range(3))
    return bool(((red - green > 80) & (red - blue > 80)).sum() > 50)


def test_a_monitor_is_shown_small_as_it_is(display: Display) -> None:
    display.show_something_moving()
    (monitor,) = devices()["monitors"]
    picture = seen(thumbnail("monitor", monitor["which"]))
    assert picture.shape == (120, 320, 3)
    assert has_the_red_ball(picture[:, :107])
    assert not has_the_red_ball(picture[:, 107:])


def test_a_window_is_shown_whole_and_alone(display: Display) -> None:
    display.show_something_moving(left=700)
    window = next(window for window in devices()["windows"] if window["title"] == "something moving")
    assert window["source"] == "window_x11"
    picture = seen(thumbnail("window", window["which"]))
    assert picture.shape == (180, 320, 3)
    assert has_the_red_ball(picture)


def test_what_is_not_there_any_more_is_said(display: Display) -> None:
    display.show_something_moving()
    window = next(window for window in devices()["windows"] if window["title"] == "something moving")
    display.end_helpers()
    with pytest.raises(Refused, match="the window is gone"):
        thumbnail("window", window["which"])
    with pytest.raises(Refused, match="there is no monitor 7"):
        thumbnail("monitor", 7)


def test_without_a_display_there_are_none_and_it_is_said_why() -> None:
    found = devices()
    assert found["monitors"] == found["windows"] == []
    assert found["why_not"]["monitors"] == "there is no display (DISPLAY is not set)"
    with pytest.raises(Refused):
        thumbnail("monitor", 1)
