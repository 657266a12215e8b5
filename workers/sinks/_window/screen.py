"""The window itself: pyglet's, with our own full screen (a borderless window that covers a monitor, because
pyglet's own has trouble with second monitors) and our own aspect lock."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyglet
from pyglet import gl
from pyglet.window import key as keys

from workers.sinks._window.canvas import Canvas
from workers.stereo._layout import Layout
from workers.stereo._parallax import Parallax

START = 0.66  # of the monitor's size


class Screen:
    """Opens at once. `actions`: pyglet's key name → what to do."""

    def __init__(self, settings: Any, actions: dict[str, Callable[[], None]]) -> None:
        pyglet.options.shadow_window = False
        self._display = pyglet.display.get_display()
        self._monitors = self._display.get_screens()
        self._monitor = min(settings.monitor, len(self._monitors) - 1)
        self._actions = {getattr(keys, name): action for name, action in actions.items()}
        self._closed = self._covering = False
        self._aspect = 16 / 9
        self.keep_aspect, self.figures_wanted = settings.keep_aspect, settings.figures
        monitor = self._monitors[self._monitor]
        self._window = pyglet.window.Window(
            int(monitor.width * START),
            int(monitor.width * START * 9 / 16),
            caption="Stereoring",
            resizable=True,
            vsync=settings.vsync,
            screen=monitor,
        )
        self._window.push_handlers(on_key_press=self._key, on_close=self._close, on_resize=self._resized)
        self._canvas = Canvas()
        self._label = pyglet.text.Label("", x=12, y=12, font_size=14, color=(255, 255, 255, 255))
        self._stale = pyglet.text.Label("", x=12, y=40, font_size=18, color=(255, 180, 60, 255))
        self._again: Callable[[], None] | None = None
        self._gamepads()
        if settings.fullscreen:
            self.toggle_fullscreen()

    def close(self) -> None:
        self._window.close()

    def handle_events(self) -> bool:
        """True: the user has closed the window."""
        pyglet.clock.tick()
        self._window.dispatch_events()
        return self._closed

    def show(self, picture: npt.NDArray[np.uint8]) -> None:
        """uint8[H, W, 3], as large as fits, and wait for the monitor to take it."""
        self._begin(picture.shape[1] / picture.shape[0])
        self._canvas.show(picture, self._place())
        self._finish()

    def show_warped(
        self,
        frame: npt.NDArray[np.uint8],
        nearness: npt.NDArray[np.float32],
        parallax: Parallax,
        layout: Layout,
    ) -> None:
        self._begin(layout.columns / layout.rows)
        self._canvas.show_warped(frame, nearness, parallax, layout, self._place())
        self._finish()

    def set_figures(self, text: str | None) -> None:
        self._label.text = text or ""

    def mark_stale(self, stale: bool) -> None:
        """Says so over the last picture."""
        self._stale.text = "stale: the source is away" if stale else ""
        self._window.switch_to()
        gl.glViewport(0, 0, *self._window.get_framebuffer_size())
        self._finish()

    def toggle_fullscreen(self) -> None:
        """Cover the monitor, or be a window again."""
        monitor = self._monitors[self._monitor]
        if not self._covering:
            self._before = (*self._window.get_location(), *self._window.get_size())
            self._window.set_fullscreen(True, screen=monitor)
        else:
            self._window.set_fullscreen(False)
            self._window.set_location(*self._before[:2])
            self._window.set_size(*self._before[2:])
        self._covering = not self._covering

    def _begin(self, aspect: float) -> None:
        self._window.switch_to()
        if abs(aspect - self._aspect) > 0.01:
            self._aspect = aspect
            self._resized(*self._window.get_size())
        gl.glClearColor(0, 0, 0, 1)
        self._window.clear()

    def _finish(self) -> None:
        gl.glViewport(0, 0, *self._window.get_framebuffer_size())
        for label in (self._label, self._stale):
            if label.text:
                label.draw()
        self._window.flip()

    def _place(self) -> tuple[int, int, int, int]:
        """The largest rectangle of the picture's aspect in the middle of the window."""
        width, height = self._window.get_framebuffer_size()
        columns = min(width, round(height * self._aspect))
        rows = min(height, round(width / self._aspect))
        return (width - columns) // 2, (height - rows) // 2, columns, rows

    def _key(self, symbol: int, modifiers: int) -> bool:
        if symbol in (keys.RETURN, keys.ENTER, keys.SPACE):
            self.toggle_fullscreen()
        elif symbol == keys.ESCAPE:
            if self._covering:
                self.toggle_fullscreen()
            else:
                self._closed = True
        elif symbol in (keys.LEFT, keys.RIGHT):
            self._move(1 if symbol == keys.RIGHT else -1)
        elif symbol == keys.F:
            self.figures_wanted = not self.figures_wanted
        elif symbol == keys.L:
            self.keep_aspect = not self.keep_aspect
            self._resized(*self._window.get_size())
        elif symbol in self._actions:
            self._actions[symbol]()
        return True  # or pyglet closes the window on Escape by itself

    def _move(self, step: int) -> None:
        """To the neighbouring monitor, with its full screen if it had it."""
        self._monitors = self._display.get_screens()
        self._monitor = (self._monitor + step) % len(self._monitors)
        monitor = self._monitors[self._monitor]
        covering = self._covering
        if covering:
            self.toggle_fullscreen()
        width, height = self._window.get_size()
        self._window.set_location(
            monitor.x + (monitor.width - width) // 2, monitor.y + (monitor.height - height) // 2
        )
        if covering:
            self.toggle_fullscreen()

    def _close(self) -> bool:
        self._closed = True
        return True  # we end it ourselves, with everything else

    def _resized(self, width: int, height: int) -> None:
        if self.keep_aspect and not self._covering:
            wanted = max(90, round(width / self._aspect))
            if abs(wanted - height) > 2:
                pyglet.clock.schedule_once(lambda _: self._window.set_size(width, wanted), 0)

    def _gamepads(self) -> None:
        try:
            controllers = pyglet.input.get_controllers()
        except FileNotFoundError:  # a machine without /dev/input, a container for instance
            return
        for controller in controllers:
            controller.open()
            controller.push_handlers(
                on_button_press=lambda _, button: self.toggle_fullscreen() if button == "a" else None
            )
