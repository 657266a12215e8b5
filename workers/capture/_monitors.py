"""The monitors of this machine, as everybody here numbers them: 1, 2, …; 0 is all of them together."""

import os
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import mss
from mss.exception import ScreenShotError

from workers.capture._dpi import see_real_pixels

WAYLAND = "whose screen X11 programs cannot see; screen_wayland asks the desktop for it"


def unavailable() -> str | None:
    """Why no screen can be captured here, if so."""
    if sys.platform == "linux":
        if os.environ.get("WAYLAND_DISPLAY") and not os.environ.get("DISPLAY"):
            return f"this is a Wayland session without XWayland, {WAYLAND}"
        if not os.environ.get("DISPLAY"):
            return "there is no display (DISPLAY is not set)"
    try:
        with _screen() as screen:
            return _why_not(screen.monitors[1:])
    except ScreenShotError as error:
        return f"the display cannot be captured: {error}"


def _why_not(there: Sequence[Mapping[str, Any]]) -> str | None:
    """XWayland is an X server whose screen is black but for X11 windows; its outputs are named like it."""
    if not there:
        return "the display has no monitor"
    if any(str(monitor.get("output", "")).startswith("XWAYLAND") for monitor in there):
        return f"this is a Wayland session, {WAYLAND}"
    return None


def _screen() -> mss.MSS:
    see_real_pixels()
    return mss.MSS()


def monitors() -> list[dict[str, Any]]:
    """left, top, width, height and what else mss knows; empty where no screen can be captured."""
    if unavailable() is not None:
        return []
    with _screen() as screen:
        return [dict(monitor) for monitor in screen.monitors[1:]]


def captures_a_second(monitor: int, seconds: float) -> float:
    """How often this monitor can be captured."""
    with _screen() as screen:
        begin, count = time.perf_counter(), 0
        while time.perf_counter() - begin < seconds:
            screen.grab(screen.monitors[monitor])
            count += 1
    return count / seconds
