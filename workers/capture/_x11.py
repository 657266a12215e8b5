"""Windows of an X server: which there are, where they are now, and that they are drawn even when covered.

python-xlib, because libX11 ends the process that asks for a window which has just closed.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

from Xlib import X, display, error  # type: ignore[import-untyped]
from Xlib.ext import composite  # type: ignore[import-untyped]

GONE = (error.XError, error.ConnectionClosedError, error.DisplayError, OSError)
LEAST = 16  # pixels; smaller windows are not for looking at


class Window(NamedTuple):
    """`shown`: not minimised, so that it has a picture."""

    id: int
    title: str
    width: int
    height: int
    shown: bool


class Windows:
    """A connection to the X server. All methods but `close` raise one of `GONE` when
    that or a window is lost."""

    def __init__(self) -> None:
        self._display = display.Display()

    def close(self) -> None:
        with suppress(*GONE):  # the server may be gone as well
            self._display.close()

    def all(self) -> Iterator[Window]:
        """Those that a person would call a window, the topmost last."""
        for window in self._top_level():
            try:
                found = self.state(window.id)
            except error.XError:
                continue  # it has just closed
            if found.title and min(found.width, found.height) >= LEAST:
                yield found

    def find(self, title: str) -> Window | None:
        """The topmost whose title has this text; case does not matter."""
        found = [window for window in self.all() if title.casefold() in window.title.casefold()]
        shown = [window for window in found if window.shown]
        return (shown or found)[-1] if found else None

    def state(self, window_id: int) -> Window:
        """How it is now. Raises XError when it has closed."""
        window = self._display.create_resource_object("window", window_id)
        place, attributes = window.get_geometry(), window.get_attributes()
        shown = attributes.map_state == X.IsViewable
        return Window(window_id, self._title(window), place.width, place.height, shown)

    def size(self, window_id: int) -> tuple[int, int]:
        """Columns and rows, one question: for every frame. Raises XError when it has closed."""
        place = self._display.create_resource_object("window", window_id).get_geometry()
        return place.width, place.height

    def active_title(self) -> str | None:
        """Of the window that has the keyboard, as the window manager says (EWMH: _NET_ACTIVE_WINDOW)."""
        name = self._display.get_atom("_NET_ACTIVE_WINDOW")
        active = self._display.screen().root.get_full_property(name, X.AnyPropertyType)
        if active is None or not active.value or not active.value[0]:
            return None
        return self._title(self._display.create_resource_object("window", active.value[0])) or None

    def keep_drawn(self, window_id: int) -> None:
        """From here on its picture is whole even where other windows cover it, as long as we are connected
        (Composite extension, automatic redirection: on the screen nothing changes)."""
        self._display.create_resource_object("window", window_id).composite_redirect_window(
            composite.RedirectAutomatic
        )
        self._display.sync()

    def _top_level(self) -> list[Any]:
        """As the window manager says (EWMH: _NET_CLIENT_LIST_STACKING); without one all on the root."""
        root = self._display.screen().root
        told = root.get_full_property(self._display.get_atom("_NET_CLIENT_LIST_STACKING"), X.AnyPropertyType)
        if told is None:
            return list(root.query_tree().children)
        return [self._display.create_resource_object("window", number) for number in told.value]

    def _title(self, window: Any) -> str:
        name = window.get_full_property(self._display.get_atom("_NET_WM_NAME"), X.AnyPropertyType)
        if name is not None:
            return bytes(name.value).decode("utf-8", "replace")
        plain = window.get_wm_name()
        return plain.decode("latin-1") if isinstance(plain, bytes) else plain or ""


def unavailable() -> str | None:
    """Why no window can be captured here, if so."""
    if not os.environ.get("DISPLAY"):
        return "there is no X display (DISPLAY is not set)"
    try:
        connection = display.Display()
    except GONE as failure:
        return f"the X display cannot be reached: {failure}"
    try:
        return None if connection.has_extension("Composite") else "the X server has no Composite extension"
    finally:
        connection.close()


def windows() -> list[Window]:
    """Empty where there are none to be had."""
    if unavailable() is not None:
        return []
    connection = Windows()
    try:
        return list(connection.all())
    finally:
        connection.close()
