"""A 3D display, AR glasses for instance: the picture covers it whole, and mouse and keyboard go through to
what is under it. See README for what each system allows."""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Annotated

from annotated_types import Ge
from mss.exception import ScreenShotError

from workers.sinks._monitor3d.desktop import Desktop, desktop_for
from workers.sinks._monitor3d.displays import (
    Display,
    displays,
    find_again,
    find_display,
    remember,
    remembered,
)
from workers.sinks._window.first_monitor import Corner
from workers.sinks._window.showing import ShowingWorker, shows_us
from workers.worker import CannotWork

LOOK_EVERY = 1.0  # seconds, whether the display is still plugged in
POINTER_EVERY = 0.05
DRAWS_POINTER = ("screen_windows_capture", "screen_macos", *["screen_mss"] * (sys.platform == "linux"))
"""Sources of a screen that can have the pointer in the picture."""


@dataclass(frozen=True)
class Settings:
    """Which display, and what goes through."""

    monitor: Annotated[int, Ge(0)] = 0
    click_through: bool = True


class Monitor3D(ShowingWorker):
    """The window's keys work while it has the keyboard; else those of the section `keys`."""

    shares = (*ShowingWorker.shares, "window", "window_x11")

    def open(self) -> None:
        self._away = False
        self._next_look = self._next_pointer = 0.0
        super().open()
        self.log.info("covering monitor %s", self._display)
        self._desktop: Desktop | None = None
        self._settle()
        self._widened = False
        self._fit_layout()

    def close(self) -> None:
        if self._desktop is not None:
            self._desktop.close()
        super().close()

    def tick(self) -> None:
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + LOOK_EVERY
            self._look_for_display()
        if now >= self._next_pointer:
            self._next_pointer = now + POINTER_EVERY
            self._hide_pointer_over_us()

    def _look(self) -> SimpleNamespace:
        """A window that covers its monitor from the start."""
        return SimpleNamespace(
            fullscreen=True, vsync=self.settings.window.vsync, figures=False, keep_aspect=False
        )

    def _choose_monitor(self) -> Corner:
        there = displays()
        try:
            self._display = find_display(self.settings.monitor3d.monitor, remembered(), there)
        except ValueError as error:
            raise CannotWork(str(error)) from error
        self._keep_in_mind(there)
        return Corner(self._display.left, self._display.top)

    def _keep_in_mind(self, there: Sequence[Display]) -> None:
        """Which display is ours, and which are beside it."""
        self._beside = [display for display in there if not display.is_same(self._display)]
        try:
            remember(self._display)
        except OSError as error:
            self.log.warning("which display it was is not remembered: %s", error)

    def _settle(self) -> None:
        """Over what is there; to be done for each new window."""
        if self._desktop is not None:
            self._desktop.close()
        if self.settings.monitor3d.click_through:
            self.screen.let_clicks_through()
        self._desktop = self._desktop_around()

    def _fit_layout(self) -> None:
        """As wide as the display, if nobody has chosen another; and back where that was by us."""
        layout = self._asked("layout")
        if self._display.is_wide and layout == "half-sbs":
            self._widened = True
            self.log.info("the layout is full-sbs, since the display is as wide as two")
            self._set("layout", "full-sbs")
        elif not self._display.is_wide and self._widened and layout == "full-sbs":
            self._widened = False
            self.log.info("the layout is half-sbs, since the display is no longer as wide as two")
            self._set("layout", "half-sbs")

    def _desktop_around(self) -> Desktop | None:
        """As far as the system goes along; says what it does not allow."""
        try:
            desktop = desktop_for(self.screen.window)
        except OSError as error:
            self.log.warning("%s", error)
            return None
        for wish in (desktop.keep_on_top, desktop.exclude_from_capture):
            try:
                wish()
            except OSError as error:
                if wish == desktop.keep_on_top or self._is_captured():
                    self.log.warning("%s", error)
        return desktop

    def _is_captured(self) -> bool:
        """What is under our window, and with it our window."""
        captured = self.settings.screen_mss.monitor in (0, self._display.number)
        return captured and shows_us(self.settings.capture.source)

    def _hide_pointer_over_us(self) -> None:
        """Where the picture has it in both eyes; a pointer in one plane before both views hurts."""
        if self._desktop is None or not self._is_drawn():
            return
        try:
            x, y = self._desktop.pointer()
            self._desktop.hide_pointer(self._covers(x, y))
        except OSError as error:
            self.log.warning("the pointer stays as it is: %s", error)
            self._desktop.close()
            self._desktop = None

    def _is_drawn(self) -> bool:
        """The source has the pointer in its pictures."""
        source = self.settings.capture.source
        if source == "window_x11":
            return bool(self.settings.window_x11.cursor)
        return source in DRAWS_POINTER and bool(self.settings.screen_mss.cursor)

    def _covers(self, x: int, y: int) -> bool:
        display = self._display
        inside = 0 <= x - display.left < display.width and 0 <= y - display.top < display.height
        return inside and not self._away

    def _look_for_display(self) -> None:
        """While it is unplugged our window waits, and covers it again wherever and however it comes back."""
        try:
            there = displays()
        except ScreenShotError as error:
            self.log.warning("the monitors cannot be asked: %s", error)
            return
        found = find_again(self._display, self._beside, there)
        if found is None:
            if not self._away:
                self._away = True
                self.log.error("monitor %s is unplugged; waiting for it", self._display)
                self.screen.hide()
            return
        if self._away or found != self._display:
            self.log.info("monitor %s %s", found, "is back" if self._away else "has changed")
            self._away, self._display = False, found
            self._keep_in_mind(there)
            self.screen.cover(Corner(found.left, found.top))
            self._settle()
            self._fit_layout()
        else:
            self._beside = [display for display in there if display != found]
