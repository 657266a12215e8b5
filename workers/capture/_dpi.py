"""Windows shows programs that do not know better a smaller desktop than there is, and scales theirs up."""

import ctypes
import logging
import sys
from typing import Any

PER_MONITOR_AWARE_V2 = -4
ACCESS_DENIED = 5  # it was set before, by us or by somebody that we use
log = logging.getLogger(__name__)


def see_real_pixels() -> None:
    """From here on this process counts every monitor in its own pixels. To be called before anything asks
    for a monitor; elsewhere than on Windows there is nothing to do."""
    if sys.platform == "win32":
        tell_windows(ctypes.WinDLL("user32", use_last_error=True), ctypes.get_last_error)


def tell_windows(user32: Any, last_error: Any) -> None:
    """Says it where Windows refuses (before Windows 10 1703 it does not know this)."""
    try:
        call = user32.SetProcessDpiAwarenessContext
    except AttributeError:
        log.warning("this Windows does not count monitors in their own pixels: a scaled one looks smaller")
        return
    call.argtypes, call.restype = [ctypes.c_void_p], ctypes.c_int
    if not call(PER_MONITOR_AWARE_V2) and last_error() != ACCESS_DENIED:
        log.warning("Windows refuses to count monitors in their own pixels (error %d)", last_error())
