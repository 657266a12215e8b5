"""See Desktop, on an X server. All of it ends with the connection, and so with our process."""

from contextlib import suppress

from Xlib import X, display, error  # type: ignore[import-untyped]
from Xlib.protocol import event  # type: ignore[import-untyped]

GONE = (error.ConnectionClosedError, error.DisplayError)
ADD, FROM_AN_APPLICATION = 1, 1  # EWMH: _NET_WM_STATE_ADD, source indication


class X11Desktop:
    """`window` is an X id."""

    def __init__(self, window: int) -> None:
        try:
            self._display = display.Display()
        except GONE as failure:
            raise OSError(f"the X display cannot be reached: {failure}") from failure
        if not self._display.has_extension("XFIXES"):
            raise OSError("the X server has no XFIXES extension, which could hide the pointer")
        self._display.xfixes_query_version()
        self._root = self._display.screen().root
        self._window = self._display.create_resource_object("window", window)
        self._hidden = False

    def keep_on_top(self) -> None:
        """Asked of the window manager (EWMH: _NET_WM_STATE_ABOVE); without one the last to open is on top."""
        state, above = (self._display.get_atom(name) for name in ("_NET_WM_STATE", "_NET_WM_STATE_ABOVE"))
        asks = event.ClientMessage(
            window=self._window, client_type=state, data=(32, (ADD, above, 0, FROM_AN_APPLICATION, 0))
        )
        self._root.send_event(asks, event_mask=X.SubstructureRedirectMask | X.SubstructureNotifyMask)
        self._display.flush()

    def exclude_from_capture(self) -> None:
        raise OSError("X11 shows our window to everybody who captures the screen")

    def hide_pointer(self, hide: bool) -> None:
        if hide != self._hidden:
            self._hidden = hide
            (self._root.xfixes_hide_cursor if hide else self._root.xfixes_show_cursor)()
            self._display.flush()

    def pointer(self) -> tuple[int, int]:
        try:
            place = self._root.query_pointer()
        except GONE as failure:
            raise OSError(f"the X display has gone: {failure}") from failure
        return place.root_x, place.root_y

    def close(self) -> None:
        with suppress(*GONE):
            self._display.close()
