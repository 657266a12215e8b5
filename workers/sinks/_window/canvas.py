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
                ("nearness", shaders.NEARNESS),
                ("warp", shaders.WARP),
            )
        }
        self._frame = Texture(gl.GL_RGB8, gl.GL_RGB, gl.GL_UNSIGNED_BYTE, smooth=True)
        self._map = Texture(gl.GL_R32F, gl.GL_RED, gl.GL_FLOAT, smooth=False)
        self._nearness = Texture(gl.GL_R32F, gl.GL_RED, gl.GL_FLOAT, smooth=False)
        vertices, buffer = gl.GLuint(), gl.GLuint()
        gl.glGenVertexArrays(1, ctypes.byref(vertices))
        gl.glGenFramebuffers(1, ctypes.byref(buffer))
        self._vertices, self._buffer = vertices.value, buffer.value

    def show(self, picture: npt.NDArray[np.uint8], place: tuple[int, int, int, int]) -> None:
        """A picture, uint8[H, W, 3], at (x, y, width, height) of the window."""
        self._frame.upload(picture)
        gl.glViewport(*place)
        self._draw("picture", picture=self._frame)

    def show_warped(
        self,
        frame: npt.NDArray[np.uint8],
        nearness: npt.NDArray[np.float32],
        parallax: Parallax,
        layout: Layout,
        place: tuple[int, int, int, int],
    ) -> None:
        """Both views of a frame, made here."""
        self._frame.upload(frame)
        self._map.upload(nearness)
        rows, columns = frame.shape[:2]
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
