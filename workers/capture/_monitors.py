"""The monitors of this machine, as everybody here numbers them: 1, 2, …; 0 is all of them together."""

import os
import sys
import time
from typing import Any

import mss
from mss.exception import ScreenShotError


def unavailable() -> str | None:
    """Why no screen can be captured here, if so."""
    if sys.platform == "linux":
        if os.environ.get("WAYLAND_DISPLAY") and not os.environ.get("DISPLAY"):
            return "this is a Wayland session without XWayland, whose screen X11 programs cannot see"
        if not os.environ.get("DISPLAY"):
            return "there is no display (DISPLAY is not set)"
    try:
        with mss.MSS() as screen:
            return None if len(screen.monitors) > 1 else "the display has no monitor"
    except ScreenShotError as error:
        return f"the display cannot be captured: {error}"


def monitors() -> list[dict[str, Any]]:
    """left, top, width, height and what else mss knows; empty where no screen can be captured."""
    if unavailable() is not None:
        return []
    with mss.MSS() as screen:
        return [dict(monitor) for monitor in screen.monitors[1:]]


def captures_a_second(monitor: int, seconds: float) -> float:
    """How often this monitor can be captured."""
    with mss.MSS() as screen:
        begin, count = time.perf_counter(), 0
        while time.perf_counter() - begin < seconds:
            screen.grab(screen.monitors[monitor])
            count += 1
    return count / seconds
