"""See Desktop, on Windows. Never run there: calls and numbers are those of Microsoft's documentation."""

import ctypes
from ctypes import wintypes
from typing import Any

HWND_TOPMOST, SWP_NOSIZE, SWP_NOMOVE, SWP_NOACTIVATE = -1, 0x1, 0x2, 0x10
WDA_EXCLUDEFROMCAPTURE = 0x11  # from Windows 10 2004 on; before that the window is black for who captures


class WindowsDesktop:
    """`window` is a HWND of this process: SetWindowDisplayAffinity takes no other."""

    def __init__(self, window: int, user32: Any = None, magnification: Any = None) -> None:
        self._window = window
        self._user32 = user32 or ctypes.WinDLL("user32", use_last_error=True)  # type: ignore[attr-defined]
        # Only the magnifier's interface hides the pointer for all programs, and until our process ends.
        self._magnification = magnification or ctypes.WinDLL("Magnification")  # type: ignore[attr-defined]
        self._magnifies = bool(self._magnification.MagInitialize())

    def keep_on_top(self) -> None:
        flags = SWP_NOSIZE | SWP_NOMOVE | SWP_NOACTIVATE
        if not self._user32.SetWindowPos(self._window, HWND_TOPMOST, 0, 0, 0, 0, flags):
            raise OSError(f"Windows does not keep our window on top ({_last_error()})")

    def exclude_from_capture(self) -> None:
        if not self._user32.SetWindowDisplayAffinity(self._window, WDA_EXCLUDEFROMCAPTURE):
            raise OSError(
                f"Windows does not leave our window out of captures ({_last_error()}); "
                "Windows 10 2004 or later is needed"
            )

    def hide_pointer(self, hide: bool) -> None:
        if not (self._magnifies and self._magnification.MagShowSystemCursor(not hide)):
            raise OSError("Windows does not hide the pointer (MagShowSystemCursor)")

    def pointer(self) -> tuple[int, int]:
        place = wintypes.POINT()
        if not self._user32.GetCursorPos(ctypes.byref(place)):
            raise OSError(f"Windows does not say where the pointer is ({_last_error()})")
        return place.x, place.y

    def close(self) -> None:
        if self._magnifies:
            self._magnification.MagShowSystemCursor(True)
            self._magnification.MagUninitialize()


def _last_error() -> str:
    return f"error {ctypes.get_last_error()}" if hasattr(ctypes, "get_last_error") else "no error number"
