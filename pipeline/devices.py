"""Monitors, windows and cameras as `launcher.py devices` lists them, as data, with small pictures of them."""

import sys
from typing import Any

from workers.capture import _win32 as win32
from workers.capture._cameras import cameras
from workers.capture._cameras import unavailable as no_cameras
from workers.capture._monitors import monitors
from workers.capture._monitors import unavailable as no_monitors
from workers.capture._thumbnails import NoPicture, of_camera, of_monitor, of_window
from workers.capture._x11 import unavailable as no_windows
from workers.capture._x11 import windows
from workers.house import Refused

Listed = dict[str, Any]


def devices() -> Listed:
    why_not = {"monitors": no_monitors(), "cameras": no_cameras()}
    if sys.platform != "win32":
        why_not["windows"] = no_windows()
    return {
        "monitors": [_monitor(number, there) for number, there in enumerate(monitors(), start=1)],
        "windows": _windows(),
        "cameras": [
            {"which": number, "title": camera.name}
            for number, camera in enumerate([] if why_not["cameras"] else cameras(), start=1)
        ],
        "why_not": {kind: why for kind, why in why_not.items() if why},
    }


def thumbnail(kind: str, which: int | str) -> bytes:
    """JPEG. Raises Refused."""
    try:
        if kind == "monitor":
            return of_monitor(int(which))
        if kind == "window" and sys.platform != "win32":
            return of_window(int(which))
        if kind == "camera":
            return of_camera(int(which))
    except ValueError as error:
        raise Refused(f"there is no {kind} {which!r}") from error
    except NoPicture as error:
        raise Refused(str(error)) from error
    raise Refused(f"there are no small pictures of a {kind} here")


def _monitor(number: int, there: dict[str, Any]) -> Listed:
    name = there.get("name") or there.get("output") or ""
    return {
        "which": number,
        "title": f"{there['width']} × {there['height']} {name}".strip(),
        "primary": bool(there.get("is_primary")),
    }


def _windows() -> list[Listed]:
    """`source` is what captures them, by its setting `title`."""
    if sys.platform == "win32":
        source = {"source": "screen_windows_capture"}
        return [
            {"which": found.handle, "title": found.title, "shown": True} | source for found in win32.windows()
        ]
    source = {"source": "window_x11"}
    return [{"which": found.id, "title": found.title, "shown": found.shown} | source for found in windows()]
