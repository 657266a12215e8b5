"""Renders what back_ends.py asks for with the window's canvas: pickles in, pictures out."""

import ctypes
import pickle
import sys

import numpy as np
import numpy.typing as npt
import pyglet
from pyglet import gl

from workers.sinks._window.canvas import Canvas, Texture
from workers.stereo._layout import Layout


def picture_of(canvas: Canvas, target: Texture, layout: Layout, phase: int) -> npt.NDArray[np.uint8]:
    """The views as they are drawn in a window whose upper left pixel is the screen's, or its neighbour: of
    layouts by row or column a phase of 1 means an odd one."""
    target.resize(layout.rows, layout.columns)
    gl.glBindFramebuffer(gl.GL_FRAMEBUFFER, buffer)
    gl.glFramebufferTexture2D(gl.GL_FRAMEBUFFER, gl.GL_COLOR_ATTACHMENT0, gl.GL_TEXTURE_2D, target.name, 0)
    gl.glClearColor(0, 0, 0, 1)
    gl.glClear(gl.GL_COLOR_BUFFER_BIT)
    by_row = layout.name == "row-interlaced"
    first = (0, layout.rows - 1 + phase) if by_row else (phase, layout.rows - 1)
    canvas.draw_views(layout, first, phase, (0, 0, layout.columns, layout.rows))
    pixels = np.empty((layout.rows, layout.columns, 3), np.uint8)
    gl.glPixelStorei(gl.GL_PACK_ALIGNMENT, 1)
    address = ctypes.c_void_p(pixels.ctypes.data)
    gl.glReadPixels(0, 0, layout.columns, layout.rows, gl.GL_RGB, gl.GL_UNSIGNED_BYTE, address)
    gl.glBindFramebuffer(gl.GL_FRAMEBUFFER, 0)
    return pixels[::-1]


window = pyglet.window.Window(64, 64, vsync=False)
canvas = Canvas()
made = gl.GLuint()
gl.glGenFramebuffers(1, ctypes.byref(made))
buffer = made.value
target = Texture(gl.GL_RGB8, gl.GL_RGB, gl.GL_UNSIGNED_BYTE, smooth=False)
while True:
    try:
        frame, nearness, parallax, layout, phase = pickle.load(sys.stdin.buffer)
    except EOFError:
        break
    canvas.upload(frame, nearness)
    canvas.make_views(parallax)
    pickle.dump(picture_of(canvas, target, layout, phase), sys.stdout.buffer)
    sys.stdout.buffer.flush()
