"""Draws pictures with OpenGL: textures, the two-pass warp, a quad."""

import ctypes
from typing import Any

import numpy as np
import numpy.typing as npt
from pyglet import gl
from pyglet.graphics.shader import Shader, ShaderProgram

from workers.sinks._window import shaders
from workers.stereo._layout import Layout, View
from workers.stereo._parallax import Parallax

Place = tuple[int, int, int, int]  # x, y, width and height in the window; y counts from below


class Texture:
    """A texture that is uploaded in place (3.7 ms for 1080p on a CPU, much less on a GPU)."""

    def __init__(self, internal: int, layout: int, kind: int, smooth: bool) -> None:
        self._internal, self._layout, self._kind = internal, layout, kind
        name = gl.GLuint()
        gl.glGenTextures(1, ctypes.byref(name))
        self.name, self.size = name.value, (0, 0)
        gl.glBindTexture(gl.GL_TEXTURE_2D, self.name)
        for key in (gl.GL_TEXTURE_MIN_FILTER, gl.GL_TEXTURE_MAG_FILTER):
            gl.glTexParameteri(gl.GL_TEXTURE_2D, key, gl.GL_LINEAR if smooth else gl.GL_NEAREST)
        for key in (gl.GL_TEXTURE_WRAP_S, gl.GL_TEXTURE_WRAP_T):
            gl.glTexParameteri(gl.GL_TEXTURE_2D, key, gl.GL_CLAMP_TO_EDGE)

    def resize(self, rows: int, columns: int) -> None:
        if self.size == (rows, columns):
            return
        gl.glBindTexture(gl.GL_TEXTURE_2D, self.name)
        gl.glTexImage2D(gl.GL_TEXTURE_2D, 0, self._internal, columns, rows, 0, self._layout, self._kind, None)
        self.size = (rows, columns)

    def upload(self, pixels: npt.NDArray[Any]) -> None:
        """C-contiguous [rows, columns(, 3)] of the texture's kind."""
        rows, columns = pixels.shape[:2]
        self.resize(rows, columns)
        gl.glBindTexture(gl.GL_TEXTURE_2D, self.name)
        gl.glPixelStorei(gl.GL_UNPACK_ALIGNMENT, 1)
        address = ctypes.c_void_p(pixels.ctypes.data)
        gl.glTexSubImage2D(gl.GL_TEXTURE_2D, 0, 0, 0, columns, rows, self._layout, self._kind, address)


class Canvas:
    """Needs a current OpenGL 3.3 context."""

    def __init__(self) -> None:
        corners = Shader(shaders.CORNERS, "vertex")
        self._programs = {
            name: ShaderProgram(corners, Shader(source, "fragment"))
            for name, source in (
                ("picture", shaders.PICTURE),
                ("grey", shaders.GREY),
                ("nearness", shaders.NEARNESS),
                ("warp", shaders.WARP),
            )
        }
        self._frame = Texture(gl.GL_RGB8, gl.GL_RGB, gl.GL_UNSIGNED_BYTE, smooth=True)
        self._map = Texture(gl.GL_R32F, gl.GL_RED, gl.GL_FLOAT, smooth=True)
        self._nearness = Texture(gl.GL_R32F, gl.GL_RED, gl.GL_FLOAT, smooth=False)
        vertices, buffer = gl.GLuint(), gl.GLuint()
        gl.glGenVertexArrays(1, ctypes.byref(vertices))
        gl.glGenFramebuffers(1, ctypes.byref(buffer))
        self._vertices, self._buffer = vertices.value, buffer.value

    def upload(
        self, frame: npt.NDArray[np.uint8] | None = None, nearness: npt.NDArray[np.float32] | None = None
    ) -> None:
        """A frame or picture, uint8[H, W, 3], and a map, float32[h, w]; what is left out stays as it was."""
        if frame is not None:
            self._frame.upload(frame)
        if nearness is not None:
            self._map.upload(nearness)

    def draw_picture(self, place: Place) -> None:
        """The picture at (x, y, width, height) of the window."""
        gl.glViewport(*place)
        self._draw("picture", picture=self._frame)

    def draw_map(self, place: Place) -> None:
        """The map, white = near."""
        gl.glViewport(*place)
        self._draw("grey", map=self._map)

    def draw_beside(self, layout: Layout, place: Place) -> None:
        """The frame where the left eye's view is in the layout, its map where the right eye's is."""
        self.draw_picture(place_of(layout, layout.left_eye, place))
        self.draw_map(place_of(layout, layout.right_eye, place))

    def draw_warped(self, parallax: Parallax, layout: Layout, place: Place) -> None:
        """Both views of the frame, made here."""
        rows, columns = self._frame.size
        self._nearness.resize(rows, columns)
        gl.glBindFramebuffer(gl.GL_FRAMEBUFFER, self._buffer)
        gl.glFramebufferTexture2D(
            gl.GL_FRAMEBUFFER, gl.GL_COLOR_ATTACHMENT0, gl.GL_TEXTURE_2D, self._nearness.name, 0
        )
        gl.glViewport(0, 0, columns, rows)
        self._draw("nearness", frame=self._frame, map=self._map)
        gl.glBindFramebuffer(gl.GL_FRAMEBUFFER, 0)
        warp = self._programs["warp"]
        warp.use()
        warp["parallax"] = tuple(parallax)
        warp["left_eye"] = part_of(layout, layout.left_eye)
        warp["right_eye"] = part_of(layout, layout.right_eye)
        warp["share"] = (layout.left_eye.down, layout.left_eye.across)
        gl.glViewport(*place)
        self._draw("warp", frame=self._frame, nearness=self._nearness)

    def _draw(self, name: str, **textures: Texture) -> None:
        program = self._programs[name]
        program.use()
        for unit, (sampler, texture) in enumerate(textures.items()):
            gl.glActiveTexture(gl.GL_TEXTURE0 + unit)
            gl.glBindTexture(gl.GL_TEXTURE_2D, texture.name)
            program[sampler] = unit
        gl.glActiveTexture(gl.GL_TEXTURE0)
        gl.glDisable(gl.GL_BLEND)
        gl.glBindVertexArray(self._vertices)
        gl.glDrawArrays(gl.GL_TRIANGLES, 0, 3)
        gl.glBindVertexArray(0)
        program.stop()


def part_of(layout: Layout, view: View) -> tuple[float, float, float, float]:
    """top, left, rows and columns of a view as parts of the picture's size."""
    rows, columns = layout.rows, layout.columns
    return view.top / rows, view.left / columns, view.rows / rows, view.columns / columns


def place_of(layout: Layout, view: View, place: Place) -> Place:
    """Where a view is in the window when the whole picture is at this place."""
    x, y, width, height = place
    top, left, rows, columns = part_of(layout, view)
    bottom = y + round((1 - top - rows) * height)
    return x + round(left * width), bottom, round(columns * width), round(rows * height)
