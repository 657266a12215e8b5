"""Windows' windows, from a user32 that is played here."""

import ctypes
from typing import Any

from workers.capture._win32 import Window, windows, windows_of

THERE = {2**33 + 1: (True, "Firefox"), 7: (False, "hidden"), 9: (True, ""), 11: (True, "Notes, naïve")}


class User32:
    """The three functions that are used, called as Windows calls back."""

    def EnumWindows(self, callback: Any, context: ctypes.c_ssize_t) -> int:
        for handle in THERE:
            if not callback(handle, context):
                return 0
        return 1

    def IsWindowVisible(self, handle: ctypes.c_void_p) -> int:
        return int(THERE[handle.value or 0][0])

    def GetWindowTextW(self, handle: ctypes.c_void_p, text: Any, room: int) -> int:
        text.value = THERE[handle.value or 0][1][: room - 1]
        return len(text.value)


def test_contract_those_that_are_shown_and_have_a_title_are_listed() -> None:
    found = windows_of(User32(), ctypes.CFUNCTYPE)
    assert found == [Window(2**33 + 1, "Firefox"), Window(11, "Notes, naïve")]


def test_contract_elsewhere_there_are_none() -> None:
    assert windows() == []
