"""A display of a Mac through ScreenCaptureKit, without our own windows."""

import importlib.util
import os
import sys
import time
from types import SimpleNamespace
from typing import Any

import psutil

from workers.capture._area import captured_size, cropped, single_monitor
from workers.capture._frames import Grab
from workers.capture._monitors import monitors
from workers.capture._monitors import unavailable as no_screen
from workers.capture._pushed import Newest, Pixels, PushedSource

LOOK_EVERY = 2.0  # seconds between two looks for windows of ours that have opened


class ScreenMacos(PushedSource):
    """macOS calls back for every picture that has changed. Our windows are left out of it, so that the viewer
    can lie on the display that it shows."""

    shares = ("depth", "screen_mss")
    paced = True

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._stream: Any = None
        self._looked = 0.0

    @classmethod
    def largest(cls, settings: SimpleNamespace) -> tuple[int, int]:
        if importlib.util.find_spec("ScreenCaptureKit") is None:
            why_not = "the package pyobjc-framework-ScreenCaptureKit is not installed"
            raise ValueError(f"capture.source: not screen_macos, because {why_not}")
        return captured_size(monitors(), settings.screen_mss)

    def start(self, newest: Newest) -> None:
        from workers.capture._screencapturekit import Stream, Wish

        screen = self.settings.screen_mss
        monitor = single_monitor(monitors(), screen)
        self.what = f"display {screen.monitor}"
        wish = Wish(monitor["left"], monitor["top"], self.settings.capture.fps, screen.cursor)
        self._stream, self._looked = Stream(wish, our_processes, newest), time.perf_counter()

    def stop(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.stop()

    def grab(self) -> Grab | None:
        if self._stream is not None and time.perf_counter() - self._looked > LOOK_EVERY:
            self._looked = time.perf_counter()
            self._stream.refresh()
        return super().grab()

    def part_of(self, pixels: Pixels) -> Pixels:
        return cropped(pixels, self.settings.screen_mss)


def our_processes() -> set[int]:
    """The launcher and all that it has started."""
    launcher = psutil.Process(os.getppid())
    return {launcher.pid, *(child.pid for child in launcher.children(recursive=True))}


def unavailable() -> str | None:
    """Why it cannot be used here, if so."""
    if sys.platform != "darwin":
        return "it is for macOS"
    if importlib.util.find_spec("ScreenCaptureKit") is None:
        return "the package pyobjc-framework-ScreenCaptureKit is not installed"
    return no_screen()
