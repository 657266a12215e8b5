"""The windows of a Windows desktop, as a person would name them."""

import ctypes
import sys
from typing import Any, NamedTuple

LONGEST_TITLE = 512


class Window(NamedTuple):
    """`handle` is what Windows calls HWND."""

    handle: int
    title: str


def windows() -> list[Window]:
    """The topmost first; empty on other systems."""
    if sys.platform != "win32":
        return []
    return windows_of(ctypes.WinDLL("user32"), ctypes.WINFUNCTYPE)


def windows_of(user32: Any, function_type: Any) -> list[Window]:
    """Those that are shown and have a title; minimised ones are among them."""
    found = []

    def see(handle: int | None, _: int) -> bool:
        if user32.IsWindowVisible(ctypes.c_void_p(handle)):
            text = ctypes.create_unicode_buffer(LONGEST_TITLE)
            if handle and user32.GetWindowTextW(ctypes.c_void_p(handle), text, LONGEST_TITLE):
                found.append(Window(handle, text.value))
        return True  # go on

    callback = function_type(ctypes.c_int, ctypes.c_void_p, ctypes.c_ssize_t)(see)
    user32.EnumWindows(callback, ctypes.c_ssize_t(0))
    return found
