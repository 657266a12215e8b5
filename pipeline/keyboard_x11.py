"""Keys of the whole desktop on an X server: passive grabs on the root window."""

import os
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from Xlib import XK, X, display, error  # type: ignore[import-untyped]

from pipeline.keys import HotKey, Taken

MASKS = {"ctrl": X.ControlMask, "alt": X.Mod1Mask, "shift": X.ShiftMask, "super": X.Mod4Mask}
LOCKS = (0, X.LockMask, X.Mod2Mask, X.LockMask | X.Mod2Mask)  # with caps or num lock it is the same key
NAMES = {"page_up": "Prior", "page_down": "Next", "space": "space"}
GONE = (error.ConnectionClosedError, error.DisplayError)


class X11Keyboard:
    """See Keyboard. The keys are free again when its connection ends, however that comes."""

    def __init__(self) -> None:
        if not os.environ.get("DISPLAY"):
            raise OSError("there is no display (DISPLAY is not set)")
        try:
            self._display = display.Display()
        except GONE as failure:
            raise OSError(f"the X display cannot be reached: {failure}") from failure
        self._keys: dict[tuple[int, int], HotKey] = {}

    def grab(self, key: HotKey) -> None:
        code = self._display.keysym_to_keycode(XK.string_to_keysym(_name(key.name)))
        if not code:
            raise Taken("this keyboard has no such key")
        mask = 0
        for modifier in key.modifiers:
            mask |= MASKS[modifier]
        refused = error.CatchError(error.BadAccess)
        for locks in LOCKS:
            self._display.screen().root.grab_key(
                code, mask | locks, True, X.GrabModeAsync, X.GrabModeAsync, onerror=refused
            )
        self._display.sync()
        if refused.get_error():
            raise Taken("another program has it")
        self._keys[code, mask] = key

    def pressed(self) -> Sequence[HotKey]:
        found = []
        try:
            for _ in range(self._display.pending_events()):
                key = self._key_of(self._display.next_event())
                if key is not None:
                    found.append(key)
        except GONE as failure:
            raise OSError(f"the X display has gone: {failure}") from failure
        return found

    def release(self) -> None:
        with suppress(*GONE):  # the server may have gone, and the grabs with it
            self._display.close()

    def _key_of(self, event: Any) -> HotKey | None:
        if event.type != X.KeyPress:
            return None
        return self._keys.get((event.detail, event.state & sum(MASKS.values())))


def _name(name: str) -> str:
    """As X calls it."""
    return NAMES.get(name, name if len(name) == 1 else name.capitalize())
