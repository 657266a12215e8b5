"""Where our window is on a Mac, and how large: pyglet's window there and AppKit's are stand-ins."""

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from tests.workers.pushed import STAND_INS
from workers.sinks._window.points import InPoints, first_pixel

MAIN = (0, 0, 1512, 982)
BESIDE = {
    "right": (1512, 0, 3840, 1080),
    "right, lower edges level": (1512, -98, 3840, 1080),
    "above": (-1164, -1080, 3840, 1080),
    "below": (-1164, 982, 3840, 1080),
}


@pytest.fixture
def cocoa(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(STAND_INS))
    import cocoa

    monkeypatch.setitem(sys.modules, "pyglet.libs.darwin.cocoapy", cocoa)
    monkeypatch.setattr(cocoa, "displays", [MAIN])
    return cocoa


def monitor(place: tuple[int, int, int, int]) -> SimpleNamespace:
    return SimpleNamespace(**dict(zip(("x", "y", "width", "height"), place, strict=True)))


def window_on(cocoa: Any, place: tuple[int, int, int, int], scale: float = 1.0) -> Any:
    return type("Window", (InPoints, cocoa.CocoaWindow), {})(600, 338, monitor(place), scale)


def test_contract_a_retina_display_changes_no_size(cocoa: ModuleType) -> None:
    window = window_on(cocoa, MAIN, 2.0)
    for size in ((600, 338), (700, 394)):
        window.set_size(*size)
        assert window.get_size() == size
        assert window.get_framebuffer_size() == (2 * size[0], 2 * size[1])
    window.set_fullscreen(True, screen=monitor(MAIN))
    assert window.get_framebuffer_size() == (3024, 1964)
    window.set_fullscreen(False)
    assert window.get_size() == (700, 394)


@pytest.mark.parametrize("name", BESIDE)
def test_contract_full_screen_covers_the_monitor_wherever_it_is(name: str, cocoa: Any) -> None:
    cocoa.displays.append(BESIDE[name])
    window = window_on(cocoa, MAIN)
    before = window.get_location()
    window.set_fullscreen(True, screen=monitor(BESIDE[name]))
    assert window._nswindow.covers() == BESIDE[name]
    assert window.get_location() == BESIDE[name][:2]
    window.set_fullscreen(False)
    assert window.get_location() == before


@pytest.mark.parametrize("name", BESIDE)
def test_contract_it_goes_to_another_monitor_and_back(name: str, cocoa: Any) -> None:
    cocoa.displays.append(BESIDE[name])
    window = window_on(cocoa, BESIDE[name])
    x, y, width, height = BESIDE[name]
    assert window._nswindow.covers() == (x + (width - 600) // 2, y + (height - 338) // 2, 600, 338)
    for place in ((100, 200), (x + 100, y + 200)):
        window.set_location(*place)
        assert window._nswindow.covers()[:2] == window.get_location() == place


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_contract_which_pixel_is_whose_is_counted_in_pixels(scale: float, cocoa: ModuleType) -> None:
    window = window_on(cocoa, MAIN, scale)
    window.set_location(101, 203)
    assert first_pixel(window) == (101 * scale, 203 * scale)
