"""A monitor or a window of Windows through windows-capture (Windows Graphics Capture)."""

import importlib.util
import sys
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Annotated, Any

from annotated_types import Ge, Le

from workers.capture._area import captured_size, cropped
from workers.capture._dpi import see_real_pixels
from workers.capture._duplication import Duplication
from workers.capture._frames import Grab
from workers.capture._monitors import monitors
from workers.capture._monitors import unavailable as no_screen
from workers.capture._pushed import Newest, Pixels, PushedSource

FIRST_BUILD = 18362  # Windows 10 1903
GUESS = (1080, 1920)  # rows and columns of a window; a larger one gets larger slots while running
REFUSALS = {  # words in the error → the option that an older Windows does not have, and what follows
    "capture border": ("draw_border", "it draws a yellow border around what is captured"),
    "cursor capture": ("cursor_capture", "it decides itself about the mouse pointer"),
    "minimum update interval": ("minimum_update_interval", "it gives more pictures than are used"),
}


@dataclass(frozen=True)
class Settings:
    """Which window; without one it is `screen_mss.monitor`. `white` is in nits."""

    title: str = ""
    handle: Annotated[int, Ge(0)] = 0
    hdr: bool = False
    white: Annotated[int, Ge(80), Le(1000), "live"] = 200


class ScreenWindowsCapture(PushedSource):
    """Windows calls back for every picture, on a thread of its own; the picture is only lent, so it is
    copied there. Only changes come, so a desktop that stands still costs nothing."""

    shares = ("depth", "screen_mss")
    paced = True
    try_again = 0.5

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._control: Any = None
        self._refused: set[str] = set()

    @classmethod
    def largest(cls, settings: SimpleNamespace) -> tuple[int, int]:
        if importlib.util.find_spec("windows_capture") is None:
            why_not = "the package windows-capture is not installed"
            raise ValueError(f"capture.source: not screen_windows_capture, because {why_not}")
        wants = settings.screen_windows_capture
        if wants.title or wants.handle:
            if wants.hdr:
                raise ValueError("screen_windows_capture.hdr: is for monitors; a window comes without it")
            return GUESS
        return captured_size(monitors(), settings.screen_mss)

    def open(self) -> None:
        see_real_pixels()

    def start(self, newest: Newest) -> None:
        self.what = self._name()
        while self._control is None:
            try:
                self._control = self._capture(newest)
            except OSError as error:
                self._do_without(error)

    def stop(self) -> None:
        control, self._control = self._control, None
        if control is not None and not control.is_finished():
            try:
                control.stop()
            except Exception:  # the package raises plain ones, as when it has just ended by itself
                self.log.exception("%s: its capture could not be stopped", self.what)

    def grab(self) -> Grab | None:
        picture = super().grab()
        if picture is None and self._control is not None and self._control.is_finished():
            self._lose(f"{self.what} is no longer captured; looking for it")
        return picture

    def part_of(self, pixels: Pixels) -> Pixels:
        """The region is one of a monitor."""
        return pixels if self._window() else cropped(pixels, self.settings.screen_mss)

    def _capture(self, newest: Newest) -> Any:
        if not self.settings.screen_windows_capture.hdr:
            return _begin(self._options(), newest, self.what)
        session = _duplicate(self.settings.screen_mss.monitor, self.what)
        return Duplication(session, newest, lambda: self.settings.screen_windows_capture.white)

    def _window(self) -> dict[str, Any]:
        wants = self.settings.screen_windows_capture
        if wants.handle:
            return {"window_hwnd": wants.handle}
        return {"window_name": wants.title} if wants.title else {}

    def _name(self) -> str:
        for value in self._window().values():
            return f"the window {value!r}"
        return f"monitor {self.settings.screen_mss.monitor}"

    def _options(self) -> dict[str, Any]:
        """Without what this Windows has refused: None leaves it alone."""
        asked = {
            "cursor_capture": self.settings.screen_mss.cursor,
            "draw_border": False,
            "minimum_update_interval": 1000 // self.settings.capture.fps,
        }
        which = self._window() or {"monitor_index": self.settings.screen_mss.monitor}
        return {key: None if key in self._refused else value for key, value in asked.items()} | which

    def _do_without(self, error: OSError) -> None:
        """An option that this Windows does not have, and says so. Raises the error if it is another."""
        for words, (option, consequence) in REFUSALS.items():
            if words in str(error) and option not in self._refused:
                self._refused.add(option)
                self.log.warning("this Windows does not know %s, so %s", option, consequence)
                return
        raise error


def unavailable() -> str | None:
    """Why it cannot be used here, if so."""
    if sys.platform != "win32":
        return "it is for Windows"
    if sys.getwindowsversion().build < FIRST_BUILD:
        return "this Windows is older than Windows 10 1903, which first had Graphics Capture"
    if importlib.util.find_spec("windows_capture") is None:
        return "the package windows-capture is not installed (there is none for Windows on ARM)"
    return no_screen()


def _duplicate(monitor: int, what: str) -> Any:
    """Raises OSError: the package raises plain Exceptions."""
    from windows_capture import DxgiDuplicationSession

    try:
        return DxgiDuplicationSession(monitor)
    except Exception as error:
        raise OSError(f"{what} cannot be captured: {error}; trying again") from error


def _begin(options: dict[str, Any], newest: Newest, what: str) -> Any:
    """Its handle on the capture, which runs. Raises OSError: the package raises plain Exceptions."""
    from windows_capture import Frame, InternalCaptureControl, WindowsCapture

    def on_frame_arrived(frame: Frame, control: InternalCaptureControl) -> None:
        if not newest.put_copy(frame.frame_buffer, "BGRA"):
            control.stop()

    def on_closed() -> None:
        newest.fail(f"{what} was closed; looking for it")

    try:
        capture = WindowsCapture(**options)
        capture.event(on_frame_arrived)
        capture.event(on_closed)
        return capture.start_free_threaded()
    except Exception as error:
        raise OSError(f"{what} cannot be captured: {error}; looking for it") from error
