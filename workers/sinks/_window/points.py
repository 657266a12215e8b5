"""A Mac counts in points, of several pixels each on a Retina display, and from the main monitor's lower left
corner up. pyglet (2.1.19) gives sizes in pixels but takes them in points, and mixes up monitors of which one
is higher than the other."""

from typing import Any


class InPoints:
    """Before pyglet's window for a Mac: all sizes and places in points, from the main monitor's upper left
    corner down, as pyglet's monitors have them."""

    _nswindow: Any
    _width: int
    _height: int
    screen: Any

    def get_size(self) -> tuple[int, int]:
        return self._width, self._height

    def get_location(self) -> tuple[int, int]:
        content = self._content()
        return int(content.origin.x), int(_main_height() - content.origin.y - content.size.height)

    def set_location(self, x: int, y: int) -> None:
        content = self._content()
        content.origin.x, content.origin.y = x, _main_height() - y - content.size.height
        self._nswindow.setFrameOrigin_(content.origin)

    def _center_window(self) -> None:
        """On its monitor: pyglet calls it for a new window, and for one that covers a monitor."""
        screen = self.screen
        left, top = (screen.width - self._width) // 2, (screen.height - self._height) // 2
        self.set_location(screen.x + left, screen.y + top)

    def _content(self) -> Any:
        """The window without its title."""
        return self._nswindow.contentRectForFrameRect_(self._nswindow.frame())


def first_pixel(window: Any) -> tuple[int, int]:
    """Of the screen's pixels, the one in pyglet's window's upper left corner. Elsewhere points are pixels."""
    left, top = window.get_location()
    scale = window.get_framebuffer_size()[0] / max(1, window.get_size()[0])
    return round(scale * left), round(scale * top)


def _main_height() -> int:
    from pyglet.libs.darwin.cocoapy import quartz  # on a Mac only

    return int(quartz.CGDisplayBounds(quartz.CGMainDisplayID()).size.height)
