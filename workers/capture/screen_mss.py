"""The screen through python-mss: X11, Windows and macOS; on X11 with the cursor."""

import math
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Annotated, Any

import mss
import numpy as np
from annotated_types import Ge, Len
from mss.exception import ScreenShotError

from workers.capture._area import area_of, monitor_of
from workers.capture._dpi import see_real_pixels
from workers.capture._frames import Grab, LosableSource
from workers.capture._monitors import unavailable as unavailable
from workers.capture._refresh import refresh_rate

GONE = (ScreenShotError, ValueError, AssertionError)  # the last is what mss raises when the X server dies
LOOK_AGAIN = 1.0  # seconds between looks whether the monitor has changed; mss itself asks for it once


@dataclass(frozen=True)
class Settings:
    """What part of which screen."""

    monitor: Annotated[int, Ge(0)] = 1
    region: Annotated[tuple[int, ...], Len(0, 4), "live"] = ()
    cursor: bool = True


class ScreenMss(LosableSource):
    """A monitor or a region of it. Nothing is published while it does not change."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._screen: Any = None
        self._before: bytearray | None = None
        self._refresh: float | None = None
        self._look_again = 0.0

    @classmethod
    def largest(cls, settings: SimpleNamespace) -> tuple[int, int]:
        why_not = unavailable()
        if why_not is not None:
            raise ValueError(f"capture.source: not screen_mss, because {why_not}; another is `scene`")
        with mss.MSS() as screen:
            area = area_of(screen, settings.screen_mss)
        return area["height"], area["width"]

    def open(self) -> None:
        with suppress(*GONE):  # `grab` tries again and says so
            self._attach()

    def close(self) -> None:
        if self._screen is not None:
            with suppress(*GONE):  # its connection is lost as well
                self._screen.close()
            self._screen = None

    def again(self) -> None:
        self._before = None

    def grab(self) -> Grab | None:
        now = time.perf_counter()
        fps = min(self.settings.capture.fps, self._refresh or math.inf)
        self._due = max(self._due + 1 / fps, now)
        try:
            if self._screen is None:
                self._attach()
            elif now > self._look_again:
                self._follow()
            t_capture = time.perf_counter_ns()
            shot = self._screen.grab(area_of(self._screen, self.settings.screen_mss))
        except GONE as error:
            why = f" ({error})" if str(error) else ""
            self._lose(f"the screen is lost{why}; trying again every second")
            return None
        if self._before == shot.raw:
            return None
        self._before = shot.raw
        pixels = np.frombuffer(shot.raw, np.uint8).reshape(shot.height, shot.width, 4)
        return Grab(pixels, "BGRA", t_capture)

    def _follow(self) -> None:
        """The monitor, where it has changed."""
        self._look_again = time.perf_counter() + LOOK_AGAIN
        with mss.MSS() as fresh:
            now = monitor_of(fresh.monitors, self.settings.screen_mss)
        if now != monitor_of(self._screen.monitors, self.settings.screen_mss):
            self.close()
            self._attach()

    def _attach(self) -> None:
        self._screen = _connect(self.settings.screen_mss.cursor)
        area = area_of(self._screen, self.settings.screen_mss)
        self._before, self._look_again = None, time.perf_counter() + LOOK_AGAIN
        if self._refresh is None:  # once: Xlib ends the process that asks it after the display was lost
            monitor = self._screen.monitors[self.settings.screen_mss.monitor]
            self._refresh = refresh_rate(monitor["left"], monitor["top"])
        self._is_here()
        self.log.info("capturing %d x %d at %s", area["width"], area["height"], (area["left"], area["top"]))


def _connect(cursor: bool) -> Any:
    """Only on X11 can mss draw the cursor; elsewhere it objects to being asked."""
    see_real_pixels()
    return mss.MSS(with_cursor=cursor) if sys.platform == "linux" else mss.MSS()
