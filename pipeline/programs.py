"""Profiles by the program that one looks at: the title of the active window chooses."""

import os
import sys
from collections.abc import Sequence

from pipeline.settings_file import one_line


def profile_for(title: str, titles: Sequence[str]) -> str | None:
    """The profile of the first entry `text: profile` whose text is in the title; case does not matter."""
    for entry in titles:
        text, profile = split(entry)
        if text.casefold() in title.casefold():
            return profile
    return None


def split(entry: str) -> tuple[str, str]:
    """`text: profile` in two. Raises ValueError."""
    text, colon, profile = (part.strip() for part in entry.rpartition(":"))
    if not (text and colon and profile):
        raise ValueError(f"{one_line(entry, 60)!r} must look like 'part of a title: profile'")
    return text, profile


def active_title() -> str | None:
    """The title of the window that has the keyboard; None where nobody knows: no display, Wayland, macOS."""
    if sys.platform == "win32":
        return _active_title_on_windows()
    if sys.platform == "linux" and os.environ.get("DISPLAY"):
        return _active_title_on_x11()
    return None


def _active_title_on_x11() -> str | None:
    """As the window manager says (EWMH: _NET_ACTIVE_WINDOW, _NET_WM_NAME). python-xlib, because libX11 ends
    the process that asks for a window which has just closed."""
    from Xlib import X, display, error  # type: ignore[import-untyped]

    try:
        screen = display.Display()
    except (error.DisplayError, OSError):
        return None
    try:
        active = screen.screen().root.get_full_property(
            screen.get_atom("_NET_ACTIVE_WINDOW"), X.AnyPropertyType
        )
        if active is None or not active.value or not active.value[0]:
            return None
        window = screen.create_resource_object("window", active.value[0])
        name = window.get_full_property(screen.get_atom("_NET_WM_NAME"), X.AnyPropertyType)
        return bytes(name.value).decode("utf-8", "replace") if name is not None else window.get_wm_name()
    except (error.XError, error.ConnectionClosedError):
        return None  # it has just closed
    finally:
        screen.close()


def _active_title_on_windows() -> str | None:
    import ctypes

    user32 = ctypes.WinDLL("user32")  # type: ignore[attr-defined]  # Windows only
    text = ctypes.create_unicode_buffer(512)
    return text.value if user32.GetWindowTextW(user32.GetForegroundWindow(), text, len(text)) else None
