"""One window of an X11 desktop, also while other windows cover it."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from workers.capture._frames import Grab, LosableSource
from workers.capture._x11 import GONE, Window, Windows
from workers.capture._x11 import unavailable as unavailable

TRIES = 5  # for a picture of a window that changes its size


@dataclass(frozen=True)
class Settings:
    """Which window: a part of its title."""

    title: str = ""
    cursor: bool = True


class WindowX11(LosableSource):
    """FFmpeg's x11grab takes the pictures, with shared memory; the Composite extension has the window drawn
    whole. Nothing is published while it does not change, is minimised or closed. Begun by the first `grab`:
    before, the launcher would not be told that it is away."""

    try_again = 0.5

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._windows: Windows | None = None
        self._window: Window | None = None
        self._frames: Iterator[Any] = iter(())
        self._container: Any = None
        self._fps = 0
        self._before: npt.NDArray[np.uint8] | None = None

    @classmethod
    def largest(cls, settings: SimpleNamespace) -> tuple[int, int]:
        why_not = unavailable()
        if why_not is not None:
            raise ValueError(f"capture.source: not window_x11, because {why_not}")
        connection = Windows()
        try:
            window = _wanted(connection, settings.window_x11.title)
        finally:
            connection.close()
        return window.height, window.width

    def close(self) -> None:
        if self._container is not None:
            self._container.close()
        if self._windows is not None:
            self._windows.close()
        self._container = self._windows = self._window = None

    def again(self) -> None:
        self._before = None

    def grab(self) -> Grab | None:
        if self._window is None:
            self._attach()
        if self._window is None or self._windows is None:
            return None
        try:
            frame = self._next_frame(self._windows, self._window.id)
        except (*GONE, av.FFmpegError, StopIteration):
            self._lose_window("is minimised or closed")
            return None
        pixels = _pixels(frame)
        if self._before is not None and np.array_equal(self._before, pixels):
            return None
        self._before = pixels
        return Grab(pixels, "BGRA", time.perf_counter_ns())

    def _next_frame(self, windows: Windows, number: int) -> Any:
        """FFmpeg waits until it is due, and fails if the window has become smaller meanwhile; somebody who
        drags it does that several times."""
        self._follow(windows, number)
        for _ in range(TRIES):
            try:
                return next(self._frames)
            except av.FFmpegError:
                if not self._follow(windows, number):
                    raise
        return next(self._frames)

    def _follow(self, windows: Windows, number: int) -> bool:
        """True: the window has another size, or is wanted more or less often."""
        assert self._window is not None
        filmed, fps = (self._window.width, self._window.height), self.settings.capture.fps
        if (windows.size(number), fps) == (filmed, self._fps):
            return False
        self._film(windows.state(number))
        return True

    def _attach(self) -> None:
        """To the window, if it is there; else the next try is due a little later."""
        try:
            self._windows = self._windows or Windows()
            window = self._windows.find(self.settings.window_x11.title)
            if window is None or not window.shown:
                self._lose_window("is minimised or closed")
                return
            self._windows.keep_drawn(window.id)
            self._film(window)
        except (*GONE, av.FFmpegError) as error:
            self._lose_window(f"cannot be captured ({error})")
            return
        self._is_here()
        self.log.info("capturing %r, %d x %d", window.title, window.width, window.height)

    def _film(self, window: Window) -> None:
        """At its present size and as often as is set: x11grab keeps to what it began with."""
        if self._container is not None:
            self._container.close()
        self._fps = self.settings.capture.fps
        self._container = av.open(
            os.environ["DISPLAY"],
            format="x11grab",
            options={
                "window_id": str(window.id),
                "framerate": str(self._fps),
                "fpsprobesize": "0",  # or opening takes the time of six frames
                "draw_mouse": str(int(self.settings.window_x11.cursor)),
            },
        )
        self._frames = self._container.decode(video=0)
        self._window, self._before = window, None

    def _lose_window(self, what: str) -> None:
        self._lose(f"the window {self.settings.window_x11.title!r} {what}; looking for it")


def _wanted(windows: Windows, title: str) -> Window:
    """Raises ValueError that says which there are."""
    there = ", ".join(repr(window.title) for window in windows.all()) or "none"
    if not title:
        raise ValueError(f"window_x11.title is not set: a part of which window's title? (there are: {there})")
    window = windows.find(title)
    if window is None:
        raise ValueError(f"window_x11.title: no window has {title!r} in its title (there are: {there})")
    return window


def _pixels(frame: Any) -> npt.NDArray[np.uint8]:
    """The picture where FFmpeg has put it, uint8[H, W, 4] (blue, green, red, nothing); nothing is copied."""
    plane = frame.planes[0]
    rows = np.frombuffer(plane, np.uint8).reshape(frame.height, plane.line_size)
    return rows[:, : 4 * frame.width].reshape(frame.height, frame.width, 4)
