"""What every window of ours is: it shows pictures, or makes the views itself, and its keys change them."""

import os
import sys
import time
from collections import deque
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, ClassVar

from shm.lease import Lease
from workers.sinks._window.first_monitor import Corner, corners, first_monitor
from workers.stereo import LAYOUTS, STEP, other_view, strengthened
from workers.stereo._layout import BY_PIXEL, even, lay_out
from workers.stereo._parallax import parallax_for
from workers.worker import CannotWork, Step, Wiring, Worker

TICK = 0.004  # seconds between looks for keys while no frame comes
HIDDEN_SECONDS = 0.5  # a window that goes over to full screen is away for a moment
FIRST = 60.0  # seconds that a driver may take over the first picture in a layout: it makes its programs then
ANSWER_SECONDS = 5.0  # in which a setting that was asked for has come back, on a busy machine too


def unavailable() -> str | None:
    """Why it cannot be used here, if so."""
    if sys.platform == "linux" and not os.environ.get("DISPLAY"):
        return "there is no display (DISPLAY is not set)"
    return None


def unreachable() -> str | None:
    """Why the display does not answer, if so."""
    if sys.platform == "linux":
        from pyglet.display import get_display
        from pyglet.display.xlib import NoSuchDisplayException

        try:
            get_display()
        except NoSuchDisplayException:
            return f"the display {os.environ['DISPLAY']} does not answer"
    return None


def shows_us(source: str) -> bool:
    """Our own windows are in its pictures; ScreenCaptureKit leaves them out."""
    return source.startswith("screen_") and source != "screen_macos"


class ShowingWorker(Worker):
    """Shows pictures; with `stereo.where: sink` it leases frame and nearness and makes the views
    itself, with `background.where: sink` frame and mask."""

    reads = "picture"
    shares: ClassVar[tuple[str, ...]] = ("job", "stereo", "background", "capture", "screen_mss")

    @classmethod
    def wiring(cls, settings: SimpleNamespace) -> Wiring:
        if settings.job.kind == "background" and settings.background.where == "sink":
            return Wiring("mask", None, "frame", {}, {})
        if settings.job.kind == "3d" and settings.stereo.where == "sink":
            return Wiring("nearness", None, "frame", {}, {})
        return Wiring("picture", None, None, {}, {})

    def open(self) -> None:
        why_not = unavailable() or unreachable()
        if why_not is not None:
            raise CannotWork(f"sinks: not window, because {why_not}; without one look at `--set sinks=[web]`")
        from workers.sinks._window.screen import Screen  # needs a display as soon as it is imported

        corner = self._choose_monitor()
        self._set_strength = self.settings.stereo.strength
        layout = self.settings.stereo.layout
        self._layout_before_depth = layout if layout != "depth" else LAYOUTS[0]
        self._wishes: dict[str, tuple[Any, float]] = {}
        self._times: deque[float] = deque(maxlen=120)
        self._latency_ms = 0.0
        self._hidden_since, self._seen = float("inf"), True
        self._drawn: set[str] = set()  # layouts
        self._people: Any = None
        if "mask" in self.wiring(self.settings).inputs:
            with self.host.busy("compiling the blur (only the first time)", limit=120):
                from workers.sinks._window.people import People

            self._people = People(self.settings.background, self.log)
        self.screen = Screen(self._look(), corner, self._keys())

    def close(self) -> None:
        self.screen.close()

    def _look(self) -> Any:
        """How the window looks at first."""
        return self.settings.window

    def tick(self) -> None:
        """With every look for keys."""

    def _notice_hiding(self) -> None:
        """Nobody looks at a window that is minimised."""
        if self.screen.shown:
            self._hidden_since = float("inf")
        else:
            self._hidden_since = min(self._hidden_since, time.monotonic())
        seen = time.monotonic() - self._hidden_since < HIDDEN_SECONDS
        if seen != self._seen:
            self._seen = seen
            self.host.tell("looking", rings=self.wiring(self.settings).inputs if seen else [])

    def _choose_monitor(self) -> Corner:
        there, captured, whole = corners(), None, False
        if self.settings.capture.source.startswith("screen_"):
            captured, whole = self.settings.screen_mss.monitor, not self.settings.screen_mss.region
        try:
            monitor = first_monitor(self.settings.window.monitor, captured, there)
        except ValueError as error:
            raise CannotWork(str(error)) from error
        if whole and captured in (0, monitor) and shows_us(self.settings.capture.source):
            self.log.warning(
                "the window is on the monitor that is captured, so it shows itself inside itself; put it on "
                "another (window.monitor), capture a region beside it (screen_mss.region) or use a browser"
            )
        return there[monitor - 1]

    def drive(self, step: Step) -> None:
        while not step.stopping:
            step.once(TICK)
            self.tick()
            self._notice_hiding()
            if self.screen.handle_events():
                self.host.tell("quit", why="the window was closed")
                step.once(0.5)

    def stale(self, stale: bool) -> None:
        self.screen.mark_stale(stale)

    def process(self, *held: Lease) -> None:
        newest, layout = held[0].info, self.settings.stereo.layout
        self.screen.set_figures(self._figures())
        if layout in self._drawn:
            self._show(*held)
        else:
            with self.host.busy("preparing to draw", limit=FIRST):
                self._show(*held)
            self._drawn.add(layout)
        now = time.perf_counter()
        self._times.append(now)
        self._latency_ms = (now * 1e9 - newest.t_capture) / 1e6

    def _show(self, *held: Lease) -> None:
        if len(held) == 1:
            self.screen.show(held[0].frame, self.settings.stereo.layout in BY_PIXEL)
        elif self._people is not None:
            self._people.show(self.screen, *held, self.settings.background, self.settings.stereo)
        else:
            nearness, frame = held
            self._show_warped(nearness, frame)

    def _show_warped(self, nearness: Lease, frame: Lease) -> None:
        stereo = self.settings.stereo
        height, width = frame.info.shape[:2]
        if stereo.layout == "depth":
            self.screen.show_map(nearness.frame, width / height)
            return
        layout = lay_out(stereo.layout, even(height), even(width), stereo.fill_16_9)
        if stereo.layout == "rgb+depth":
            self.screen.show_beside(frame.frame, nearness.frame, layout)
            return
        self.screen.show_warped(frame.frame, nearness.frame, parallax_for(stereo, width), layout)

    def _figures(self) -> str:
        fps = 0.0
        if len(self._times) > 1:
            fps = (len(self._times) - 1) / max(1e-6, self._times[-1] - self._times[0])
        stereo = self.settings.stereo
        depth = f"strength {stereo.strength:g}" if stereo.view == "3d" else "2D"
        return f"{fps:.0f} fps   {self._latency_ms:.0f} ms   {depth}   {stereo.layout}"

    def _keys(self) -> dict[str, Callable[[], None]]:
        return {
            "UP": lambda: self._strengthen(STEP),
            "DOWN": lambda: self._strengthen(-STEP),
            "_0": lambda: self._set("strength", self._set_strength),
            "V": lambda: self._set("view", other_view(self._asked("view"))),
            "P": lambda: self._set("paused", not self._asked("paused", "capture"), "capture"),
            "TAB": self._next_layout,
            "D": self._toggle_depth,
            "A": lambda: self._set("fill_16_9", not self._asked("fill_16_9")),
        }

    def _strengthen(self, by: float) -> None:
        self._set("strength", strengthened(self._asked("strength"), by))

    def _next_layout(self) -> None:
        layouts: tuple[Any, ...] = LAYOUTS
        self._set("layout", layouts[(layouts.index(self._asked("layout")) + 1) % len(layouts)])

    def _toggle_depth(self) -> None:
        layout = self._asked("layout")
        if layout == "depth":
            self._set("layout", self._layout_before_depth)
            return
        self._layout_before_depth = layout
        self._set("layout", "depth")

    def _asked(self, key: str, section: str = "stereo") -> Any:
        """The setting as the last key press wants it; with the next one, the answer may be on its way."""
        value, until = self._wishes.get(key, (None, 0.0))
        return value if time.monotonic() < until else getattr(getattr(self.settings, section), key)

    def _set(self, key: str, value: object, section: str = "stereo") -> None:
        """For all workers that see it; it comes back here as a live setting too."""
        self._wishes[key] = value, time.monotonic() + ANSWER_SECONDS
        self.host.tell("set", section=section, key=key, value=value)
