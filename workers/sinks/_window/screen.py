"""The window itself: pyglet's, with our own full screen (a borderless window that covers a monitor, because
pyglet's own has trouble with second monitors) and our own aspect lock."""

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyglet
from pyglet import gl
from pyglet.window import key as keys

from workers.person._scenery import Pixels, Scenery
from workers.sinks._window.canvas import Canvas, Place
from workers.sinks._window.first_monitor import Corner, monitor_under
from workers.sinks._window.points import InPoints, first_pixel
from workers.stereo._layout import Layout
from workers.stereo._parallax import Parallax

START = 0.66  # of the monitor's size
REPEATED = (keys.UP, keys.DOWN)

if sys.platform == "darwin":

    class Window(InPoints, pyglet.window.Window):
        """pyglet's, put right."""

else:
    from pyglet.window import Window


if sys.platform == "linux":
    from pyglet.libs.x11 import xlib
    from pyglet.window.xlib import XlibEventHandler

    class OurWindow(Window):  # type: ignore[misc]  # pyglet's is another class on each system
        """pyglet's would move the pointer into the corner of a window that is full screen, and keep it on
        that monitor; and it leaves to the window manager on which that is."""

        _fullscreen: bool

        def set_fullscreen(self, fullscreen: bool = True, screen: Any = None, **more: Any) -> None:
            super().set_fullscreen(fullscreen, screen, **more)
            if fullscreen and self.get_location() != (screen.x, screen.y):
                self.set_location(screen.x, screen.y)

        def _update_exclusivity(self) -> None:
            """Pointer and keyboard are never ours alone."""

        @XlibEventHandler(xlib.ConfigureNotify)
        def _event_configurenotify(self, event: Any) -> None:
            """Full screen, too, it is as large as the window manager makes it."""
            covering, self._fullscreen = self._fullscreen, False
            super()._event_configurenotify(event)
            self._fullscreen = covering

else:
    OurWindow = Window


class Screen:
    """Opens at once, on the monitor with this corner. `actions`: pyglet's key name → what to do."""

    def __init__(self, settings: Any, corner: Corner, actions: dict[str, Callable[[], None]]) -> None:
        self._display = pyglet.display.get_display()
        self._monitors = self._display.get_screens()
        self._monitor = self._at(corner)
        self._actions = {getattr(keys, name): action for name, action in actions.items()}
        self._closed = self._covering = self._spoilt = False
        self._aspect = 16 / 9
        self._keep_aspect, self._figures_wanted = settings.keep_aspect, settings.figures
        monitor = self._monitors[self._monitor]
        self._window = OurWindow(
            int(monitor.width * START),
            int(monitor.width * START * 9 / 16),
            caption="Stereoring",
            resizable=True,
            vsync=settings.vsync,
            screen=monitor,
        )
        self._width, self._shaped = self._window.width, self._window.get_size()
        self._reshaped: tuple[object, ...] = ()
        self._held: set[int] = set()
        self._window.push_handlers(on_key_press=self._key_pressed, on_key_release=self._key_released)
        self._window.push_handlers(on_close=self._close, on_resize=self._resized, on_expose=self._spoil)
        self._window.push_handlers(on_move=self._moved, on_text_motion=self._again)
        self.shown = True  # not minimised
        self._window.push_handlers(on_show=partial(self._show_or_hide, True))
        self._window.push_handlers(on_hide=partial(self._show_or_hide, False))
        self._canvas = Canvas()
        self._label = pyglet.text.Label("", x=12, y=12, font_size=14, color=(255, 255, 255, 255))
        self._stale = pyglet.text.Label("", x=12, y=40, font_size=18, color=(255, 180, 60, 255))
        self._draw: Callable[[Place], None] | None = None
        self._alternating, self._turn = False, 0
        self._gamepads()
        if self._under() != self._monitor:  # X11 puts windows where it likes, whatever pyglet is told
            self._go_to_its_middle()
        if settings.fullscreen:
            self._cover()

    def close(self) -> None:
        self._window.close()

    def handle_events(self) -> bool:
        """True: the user has closed the window."""
        pyglet.clock.tick()
        self._window.dispatch_events()
        if self._spoilt or self._alternating:
            self._repaint()
        return self._closed

    def show(self, picture: npt.NDArray[np.uint8], pixel_by_pixel: bool = False) -> None:
        """uint8[H, W, 3], as large as fits, and wait for the monitor to take it. A picture in which the eyes
        take turns `pixel_by_pixel` is shown as large as it is, its first pixel on an even one of the screen.
        """
        self._upload(picture)
        draw = self._canvas.draw_picture
        if pixel_by_pixel:
            rows, columns = picture.shape[:2]
            draw = partial(self._draw_exact, rows, columns)
        self._paint(picture.shape[1] / picture.shape[0], draw)

    def show_warped(
        self,
        frame: npt.NDArray[np.uint8],
        nearness: npt.NDArray[np.float32],
        parallax: Parallax,
        layout: Layout,
    ) -> None:
        """Both views, made here. Where the eyes take turns they do it by the screen's pixels, whatever the
        size and the place of the window, or with every refresh of the monitor."""
        self._upload(frame, nearness)
        self._canvas.make_views(parallax)
        self._paint_views(layout)

    def show_before(
        self,
        frame: Pixels,
        mask: Pixels,
        scenery: Scenery,
        edge: tuple[Pixels, Pixels],
        dodge: bool,
        seen: tuple[float, ...] = (0.0,),
        layout: Layout | None = None,
    ) -> None:
        """The person before something else, put together here; see workers/person/_composite.py. With
        a layout both views of it, which look elsewhere behind the person (`seen`)."""
        self._upload(frame)
        self._canvas.put_before(mask, scenery, edge, dodge, seen)
        if layout is None:
            self._paint(frame.shape[1] / frame.shape[0], self._canvas.draw_eye)
            return
        self._paint_views(layout)

    def show_map(self, nearness: npt.NDArray[np.float32], aspect: float) -> None:
        """float32[h, w], white = near, for a frame of this aspect."""
        self._upload(nearness=nearness)
        self._paint(aspect, self._canvas.draw_map)

    def show_beside(
        self, frame: npt.NDArray[np.uint8], nearness: npt.NDArray[np.float32], layout: Layout
    ) -> None:
        """The frame, and its map where the right eye's view would be."""
        self._upload(frame, nearness)
        self._paint(layout.columns / layout.rows, partial(self._canvas.draw_beside, layout))

    def set_figures(self, text: str) -> None:
        """Shown with the next picture, if they are wanted."""
        self._label.text = text

    def mark_stale(self, stale: bool) -> None:
        """Says so over the last picture."""
        self._stale.text = "stale: the source is away" if stale else ""
        self._repaint()

    def _show_or_hide(self, shown: bool) -> None:
        self.shown = shown

    @property
    def window(self) -> Any:
        """pyglet's."""
        return self._window

    def let_clicks_through(self) -> None:
        """What is under the window gets them."""
        self._window.set_mouse_passthrough(True)

    def hide(self) -> None:
        """Until `cover`."""
        self._window.set_visible(False)

    def cover(self, corner: Corner) -> None:
        """The monitor with this corner, which has just been plugged in."""
        if self._covering:
            self._uncover()
        self._monitors = self._display.get_screens()
        self._monitor = self._at(corner)
        self._window.set_visible(True)
        self._cover()

    def _at(self, corner: Corner) -> int:
        """Which of pyglet's monitors has this corner; the first where none has."""
        return next((i for i, m in enumerate(self._monitors) if (m.x, m.y) == corner), 0)

    def toggle_fullscreen(self) -> None:
        """Cover the monitor that it is on, or be a window again."""
        if self._covering:
            self._uncover()
            return
        self._look_where_it_is()
        self._cover()

    def _under(self) -> int:
        """Which of the monitors it is on."""
        return monitor_under((*self._window.get_location(), *self._window.get_size()), self._monitors)

    def _look_where_it_is(self) -> None:
        """The user may have moved it, and plugged in a monitor. (Seldom: some X servers look
        at every socket when asked for the monitors.)"""
        self._monitors = self._display.get_screens()
        self._monitor = self._under()

    def _cover(self) -> None:
        self._before = (*self._window.get_location(), *self._window.get_size())
        self._covering = True  # before pyglet tells us of the monitor's size, which is not to be changed
        self._window.set_fullscreen(True, screen=self._monitors[self._monitor])

    def _uncover(self) -> None:
        self._window.set_fullscreen(False)
        self._window.set_location(*self._before[:2])
        self._window.set_size(*self._before[2:])
        self._covering = False

    def _upload(self, *frame_and_nearness: npt.NDArray[Any], **one: npt.NDArray[Any]) -> None:
        self._window.switch_to()
        self._canvas.upload(*frame_and_nearness, **one)

    def _paint_views(self, layout: Layout) -> None:
        alternating = layout.name == "frame-sequential"
        self._paint(layout.columns / layout.rows, partial(self._draw_views, layout), alternating)

    def _paint(self, aspect: float, draw: Callable[[Place], None], alternating: bool = False) -> None:
        self._draw, self._alternating = draw, alternating
        if abs(aspect - self._aspect) > 0.01:
            self._aspect = aspect
            self._resized(*self._window.get_size())
        self._repaint()

    def _repaint(self) -> None:
        """What was painted last, again: the window has another size, something has covered it, or it is
        the other eye's turn, which it is with every refresh of the monitor."""
        self._spoilt = False
        self._turn ^= self._alternating
        self._window.switch_to()
        gl.glClearColor(0, 0, 0, 1)
        self._window.clear()
        if self._draw is not None:
            self._draw(self._place())
        gl.glViewport(0, 0, *self._window.get_framebuffer_size())
        if self._figures_wanted:
            self._label.draw()
        if self._stale.text:
            self._stale.draw()
        self._window.flip()

    def _draw_views(self, layout: Layout, place: Place) -> None:
        left, top = first_pixel(self._window)
        lowest = top + self._window.get_framebuffer_size()[1] - 1
        self._canvas.draw_views(layout, (left, lowest), self._turn, place)

    def _draw_exact(self, rows: int, columns: int, place: Place) -> None:
        """In the middle, cut off where the window is too small."""
        left, top = first_pixel(self._window)
        width, height = self._window.get_framebuffer_size()
        x, y = (width - columns) // 2, (height - rows) // 2
        x -= (left + x) % 2
        y -= (top + y) % 2  # from above
        self._canvas.draw_picture((x, height - y - rows, columns, rows))

    def _spoil(self) -> None:
        self._spoilt = True

    def _moved(self, x: int, y: int) -> None:
        """Where the eyes take turns by the screen's pixels, its place decides which pixel is whose."""
        self._spoil()

    def _place(self) -> Place:
        """The largest rectangle of the picture's aspect in the middle of the window."""
        width, height = self._window.get_framebuffer_size()
        columns = min(width, round(height * self._aspect))
        rows = min(height, round(width / self._aspect))
        return (width - columns) // 2, (height - rows) // 2, columns, rows

    def _key_pressed(self, symbol: int, modifiers: int) -> bool:
        self._held.add(symbol)
        if symbol == keys.F:
            self._figures_wanted = not self._figures_wanted
            self._spoil()
        elif symbol == keys.L:
            self._keep_aspect, self._reshaped = not self._keep_aspect, ()
            self._resized(*self._window.get_size())
        elif symbol in self._actions and symbol not in REPEATED:
            self._actions[symbol]()
        return True  # or pyglet closes the window on Escape by itself

    def _again(self, motion: int) -> None:
        """With every press, and on while the key is held. Quick presses that a slow window finds together are
        all here; pyglet takes them for one that is held."""
        if motion in REPEATED and motion in self._actions:
            self._actions[motion]()

    def _key_released(self, symbol: int, modifiers: int) -> bool:
        """Going to full screen and back makes a new X window. If the press did that already, the release
        would go to the old one, and pyglet would take the key for held, and ignore it, from then on."""
        if symbol not in self._held:
            return True  # pressed in another window, which has closed since
        self._held.discard(symbol)
        if symbol in (keys.RETURN, keys.ENTER, keys.SPACE):
            self.toggle_fullscreen()
        elif symbol == keys.ESCAPE:
            if self._covering:
                self.toggle_fullscreen()
            else:
                self._closed = True
        elif symbol in (keys.LEFT, keys.RIGHT):
            self._move(1 if symbol == keys.RIGHT else -1)
        return True

    def _move(self, step: int) -> None:
        """To the neighbouring monitor, with its full screen if it had it."""
        self._look_where_it_is()
        self._monitor = (self._monitor + step) % len(self._monitors)
        covering = self._covering
        if covering:
            self._uncover()
        self._go_to_its_middle()
        if covering:
            self._cover()

    def _go_to_its_middle(self) -> None:
        """Of our monitor."""
        monitor = self._monitors[self._monitor]
        width, height = self._window.get_size()
        self._window.set_location(
            monitor.x + (monitor.width - width) // 2, monitor.y + (monitor.height - height) // 2
        )

    def _close(self) -> bool:
        self._closed = True
        return True  # we end it ourselves, with everything else

    def _resized(self, width: int, height: int) -> None:
        self._spoil()
        pyglet.clock.schedule_once(self._keep_shape, 0)  # not while pyglet is at it

    def _keep_shape(self, dt: float) -> None:
        """As wide as the user made it, or less where the monitor would be too low for that. Asked for once: a
        window manager that tiles or maximises gives the window its size back, and has the last word."""
        size = self._window.get_size()
        if not self._keep_aspect or self._covering or self._reshaped == (size, self._aspect):
            return
        if size != self._shaped:
            self._width = size[0]  # it was the user
        most = self._monitors[self._under()].height
        width = min(self._width, round(most * self._aspect))
        height = max(90, round(width / self._aspect))
        if max(abs(width - size[0]), abs(height - size[1])) > 2:
            self._shaped, self._reshaped = (width, height), (size, self._aspect)
            self._window.set_size(width, height)

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
