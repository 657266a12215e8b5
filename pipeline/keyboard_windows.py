"""Keys of the whole desktop on Windows: RegisterHotKey, whose messages come to the thread that asked."""

import ctypes
from collections.abc import Sequence
from ctypes import wintypes
from typing import Any

from pipeline.keys import HotKey, Taken

MODIFIERS = {"alt": 0x1, "ctrl": 0x2, "shift": 0x4, "super": 0x8}  # MOD_…
CODES = {"pause": 0x13, "space": 0x20, "page_up": 0x21, "page_down": 0x22, "end": 0x23, "home": 0x24}
CODES |= {"left": 0x25, "up": 0x26, "right": 0x27, "down": 0x28}  # VK_…
F1, WM_HOTKEY, PM_REMOVE = 0x70, 0x0312, 1


class WindowsKeyboard:
    """See Keyboard. All calls have to come from one thread."""

    def __init__(self, user32: Any = None) -> None:
        self._user32 = user32 or ctypes.WinDLL("user32", use_last_error=True)  # type: ignore[attr-defined]
        self._keys: list[HotKey] = []

    def grab(self, key: HotKey) -> None:
        modifiers = sum(MODIFIERS[modifier] for modifier in key.modifiers)
        if not self._user32.RegisterHotKey(None, len(self._keys), modifiers, _code(key.name)):
            raise Taken("another program has it")
        self._keys.append(key)

    def pressed(self) -> Sequence[HotKey]:
        found, message = [], wintypes.MSG()
        while self._user32.PeekMessageW(ctypes.byref(message), None, WM_HOTKEY, WM_HOTKEY, PM_REMOVE):
            found.append(self._keys[message.wParam])
        return found

    def release(self) -> None:
        for number in range(len(self._keys)):
            self._user32.UnregisterHotKey(None, number)
        self._keys = []


def _code(name: str) -> int:
    """Its virtual-key code; letters and digits have their own ASCII."""
    if name in CODES:
        return CODES[name]
    return ord(name.upper()) if len(name) == 1 else F1 + int(name[1:]) - 1
