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
    from workers.capture._x11 import GONE, Windows

    try:
        windows = Windows()
    except GONE:
        return None
    try:
        return windows.active_title()
    except GONE:
        return None  # it has just closed
    finally:
        windows.close()


def _active_title_on_windows() -> str | None:
    import ctypes

    user32 = ctypes.WinDLL("user32")  # type: ignore[attr-defined]  # Windows only
    text = ctypes.create_unicode_buffer(512)
    return text.value if user32.GetWindowTextW(user32.GetForegroundWindow(), text, len(text)) else None
