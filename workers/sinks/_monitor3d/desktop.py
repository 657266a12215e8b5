"""The desktop around a window that lies over it: what each system allows."""

import sys
from typing import Any, Protocol


class Desktop(Protocol):
    """Raises OSError, with the reason, for what this system does not allow."""

    def keep_on_top(self) -> None:
        """Other windows stay under ours, also while they have the keyboard."""

    def exclude_from_capture(self) -> None:
        """Who captures the screen sees what is under our window."""

    def hide_pointer(self, hide: bool) -> None:
        """The system's own pointer; it is drawn in both eyes instead."""

    def pointer(self) -> tuple[int, int]:
        """Where it is on the desktop, in pixels."""

    def close(self) -> None:
        """The pointer is back."""


def desktop_for(window: Any) -> Desktop:
    """`window` is pyglet's. Raises OSError where nothing of this is to be had."""
    if sys.platform == "win32":
        from workers.sinks._monitor3d.windows import WindowsDesktop

        return WindowsDesktop(window._hwnd)
    if sys.platform == "linux":
        from workers.sinks._monitor3d.x11 import X11Desktop

        return X11Desktop(window._window)
    raise OSError("on macOS a window of ours neither stays on top nor hides the pointer")
