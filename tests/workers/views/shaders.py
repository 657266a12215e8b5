"""Renders what back_ends.py asks for with the window's canvas: pickles in, pictures out."""

import ctypes
import pickle
import sys
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyglet
from pyglet import gl

from workers.person._scenery import Scenery
from workers.sinks._window.canvas import Canvas
from workers.sinks._window.texture import Texture
from workers.stereo._layout import Layout
from workers.stereo._parallax import Parallax

Pixels = npt.NDArray[np.uint8]


def drawn(rows: int, columns: int, draw: Callable[[], None]) -> npt.NDArray[np.uint8]:
    """A window of this size, as `draw` paints it."""
    target.resize(rows, columns)
    gl.glBindFramebuffer(gl.GL_FRAMEBUFFER, buffer)
    gl.glFramebufferTexture2D(gl.GL_FRAMEBUFFER, gl.GL_COLOR_ATTACHMENT0, gl.GL_TEXTURE_2D, target.name, 0)
    gl.glClearColor(0, 0, 0, 1)
    gl.glClear(gl.GL_COLOR_BUFFER_BIT)
    draw()
    pixels = np.empty((rows, columns, 3), np.uint8)
    gl.glPixelStorei(gl.GL_PACK_ALIGNMENT, 1)
    address = ctypes.c_void_p(pixels.ctypes.data)
    gl.glReadPixels(0, 0, columns, rows, gl.GL_RGB, gl.GL_UNSIGNED_BYTE, address)
    gl.glBindFramebuffer(gl.GL_FRAMEBUFFER, 0)
    return pixels[::-1]


def views(
    frame: Pixels, nearness: npt.NDArray[np.float32], parallax: Parallax, layout: Layout, phase: int
) -> Pixels:
    """The views as they are drawn in a window whose upper left pixel is the screen's, or its neighbour: of
    layouts by row or column a phase of 1 means an odd one."""
    canvas.upload(frame, nearness)
    canvas.make_views(parallax)
    by_row = layout.name == "row-interlaced"
    first = (0, layout.rows - 1 + phase) if by_row else (phase, layout.rows - 1)
    place = 0, 0, layout.columns, layout.rows
    return drawn(layout.rows, layout.columns, lambda: canvas.draw_views(layout, first, phase, place))


def before(
    frame: Pixels,
    mask: Pixels,
    scenery: Scenery,
    edge: tuple[Pixels, Pixels],
    dodge: bool,
    seen: tuple[float, ...] = (0.0,),
    layout: Layout | None = None,
) -> Pixels:
    """A person before another background; with a layout both views."""
    canvas.upload(frame)
    canvas.put_before(mask, scenery, edge, dodge, seen)
    if layout is None:
        rows, columns = frame.shape[:2]
        return drawn(rows, columns, lambda: canvas.draw_eye((0, 0, columns, rows)))
    place = 0, 0, layout.columns, layout.rows
    return drawn(
        layout.rows, layout.columns, lambda: canvas.draw_views(layout, (0, layout.rows - 1), 0, place)
    )


window = pyglet.window.Window(64, 64, vsync=False)
canvas = Canvas()
made = gl.GLuint()
gl.glGenFramebuffers(1, ctypes.byref(made))
buffer = made.value
target = Texture(gl.GL_RGB8, gl.GL_RGB, gl.GL_UNSIGNED_BYTE, smooth=False)
while True:
    try:
        what, *asked = pickle.load(sys.stdin.buffer)
    except EOFError:
        break
    pickle.dump({"views": views, "before": before}[what](*asked), sys.stdout.buffer)
    sys.stdout.buffer.flush()
