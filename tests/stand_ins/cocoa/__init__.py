"""A stand-in for pyglet 2.1.19's window on a Mac, which computes its sizes and places as
pyglet/window/cocoa/__init__.py does, and for AppKit's window behind it. `displays` are CGDisplayBounds: in
points, from the first one's upper left corner down; AppKit counts from its lower left corner up."""

from ctypes import Structure, c_double
from types import SimpleNamespace

TITLE = 28  # points
displays: list[tuple[int, int, int, int]] = []
"""x, y, width, height."""


class NSPoint(Structure):
    _fields_ = [("x", c_double), ("y", c_double)]


class NSSize(Structure):
    _fields_ = [("width", c_double), ("height", c_double)]


class NSRect(Structure):
    _fields_ = [("origin", NSPoint), ("size", NSSize)]


quartz = SimpleNamespace(
    CGMainDisplayID=lambda: 0,
    CGDisplayBounds=lambda display: NSRect(NSPoint(*displays[display][:2]), NSSize(*displays[display][2:])),
)


class NSWindow:
    def __init__(self, width, height, title):
        self._frame, self._title = NSRect(NSPoint(0, 0), NSSize(width, height + title)), title

    def frame(self):
        return NSRect(self._frame.origin, self._frame.size)

    def contentRectForFrameRect_(self, frameRect):
        size = NSSize(frameRect.size.width, frameRect.size.height - self._title)
        return NSRect(frameRect.origin, size)

    def setFrameOrigin_(self, point):
        self._frame.origin = point

    def covers(self):
        """As CGDisplayBounds would have it."""
        content = self.contentRectForFrameRect_(self._frame)
        top = displays[0][3] - content.origin.y - content.size.height
        return (content.origin.x, top, content.size.width, content.size.height)

    def height_of_screen(self):
        """Of the display that has its lower left corner."""
        left, bottom = self._frame.origin.x, displays[0][3] - self._frame.origin.y
        for x, y, width, height in displays:
            if x <= left < x + width and y < bottom <= y + height:
                return height
        return displays[0][3]


class CocoaWindow:
    def __init__(self, width, height, screen, scale):
        self._width, self._height, self.screen, self.scale = width, height, screen, scale
        self._fullscreen = False
        self._create()

    def _create(self):
        self._nswindow = NSWindow(self._width, self._height, 0 if self._fullscreen else TITLE)
        self._center_window()

    def _center_window(self):
        x = self.screen.x + int((self.screen.width - self._width) // 2)
        y = self.screen.y + int((self.screen.height - self._height) // 2)
        self._nswindow.setFrameOrigin_(NSPoint(x, y))

    def get_location(self):
        rect = self._nswindow.contentRectForFrameRect_(self._nswindow.frame())
        screen_height = int(self._nswindow.height_of_screen())
        return int(rect.origin.x), int(screen_height - rect.origin.y - rect.size.height)

    def set_location(self, x, y):
        rect = self._nswindow.contentRectForFrameRect_(self._nswindow.frame())
        screen_height = int(self._nswindow.height_of_screen())
        self._nswindow.setFrameOrigin_(NSPoint(x, screen_height - y - rect.size.height))

    def get_size(self):
        return self.get_framebuffer_size()

    def get_framebuffer_size(self):
        content = self._nswindow.contentRectForFrameRect_(self._nswindow.frame())
        return int(content.size.width * self.scale), int(content.size.height * self.scale)

    def set_size(self, width, height):
        self._width, self._height = width, height
        rect = self._nswindow.contentRectForFrameRect_(self._nswindow.frame())
        rect.origin.y += rect.size.height - height
        self._nswindow._frame = NSRect(rect.origin, NSSize(width, height + self._nswindow._title))

    def set_fullscreen(self, fullscreen=True, screen=None, mode=None, width=None, height=None):
        if not self._fullscreen:
            self._windowed_size, self._windowed_location = self.get_size(), self.get_location()
        if fullscreen and screen is not None:
            self.screen = screen
        self._fullscreen = fullscreen
        if fullscreen:
            self._width, self._height = self.screen.width, self.screen.height
        else:
            self._width, self._height = self._windowed_size
        self._create()
        if not fullscreen:
            self.set_location(*self._windowed_location)
