"""Every character can be written, whatever code page Windows has for this console or for files."""

import atexit
import ctypes
import io
import sys

UTF_8 = 65001


def write_anything() -> None:
    """To be called before `logging` is imported: what it writes at the end comes before the console is given
    back then. Python itself writes to a console as it should; our log's lines go past it, as UTF-8."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # there may be none
            stream.reconfigure(errors="backslashreplace")
    if sys.platform == "win32":
        kernel = ctypes.WinDLL("kernel32")
        before = kernel.GetConsoleOutputCP()
        if before and kernel.SetConsoleOutputCP(UTF_8):  # 0: there is no console
            atexit.register(kernel.SetConsoleOutputCP, before)
