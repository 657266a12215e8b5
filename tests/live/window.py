"""The program's window as its user has it."""

from collections.abc import Callable

from tests.live.display import Display, Picture, Place
from tests.live.picture import eyes_of, is_in_stereo, shifts
from tests.pipeline.running import Launcher


class Window:
    def __init__(self, display: Display, launcher: Launcher) -> None:
        self.display, self.launcher = display, launcher

    @property
    def id(self) -> int:
        """Going to full screen and back makes a new X window."""
        return self.display.window()

    @property
    def place(self) -> Place:
        return self.display.place(self.id)

    @property
    def aspect(self) -> float:
        return self.place.width / self.place.height

    @property
    def picture(self) -> Picture:
        place = self.place
        assert place.width, "one window goes and the next comes, just now"
        return self.display.screenshot(place)

    def press(self, key: str, times: int = 1) -> None:
        for _ in range(times):
            self.display.press(self.id, key)

    def resize(self, width: int, height: int) -> None:
        self.display.xdotool("windowsize", self.id, width, height)

    def until(self, condition: Callable[[], object], what: str) -> None:
        self.launcher.until(lambda: _holds(condition), what)

    def until_in_stereo(self, layout: str = "half-sbs") -> None:
        self.until(lambda: is_in_stereo(self.picture, layout), f"the window shows both eyes as {layout}")

    def near_shift(self) -> float:
        return shifts(eyes_of(self.picture))[0]


def _holds(condition: Callable[[], object]) -> bool:
    try:
        return bool(condition())
    except AssertionError:  # no ball in the picture, or no window: it changes just now
        return False
