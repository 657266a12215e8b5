"""A picture or a map in the memory of whatever draws."""

import ctypes
from typing import Any

import numpy.typing as npt
from pyglet import gl


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
