"""Draws pictures with OpenGL: textures, the passes of the warp, a quad."""

import ctypes
from typing import Any

import numpy as np
import numpy.typing as npt
from pyglet import gl
from pyglet.graphics.shader import Shader, ShaderProgram

from workers.person._scenery import Pixels, Scenery
from workers.sinks._window import shaders
from workers.sinks._window.texture import Texture
from workers.stereo._definition import PASSES, REACH
from workers.stereo._layout import ANAGLYPHS, SIDE_BY_SIDE, TOP_BOTTOM, Layout, View
from workers.stereo._parallax import Parallax

COLOURS = 2
MIXES = {"row-interlaced": 3, "column-interlaced": 4, "checkerboard": 5}
"""How both eyes share a place, as `MIX` in shaders.py counts them; 0 and 1 are one eye alone."""
Place = tuple[int, int, int, int]  # x, y, width and height in the window; y counts from below


class Canvas:
    """Needs a current OpenGL 3.3 context."""

    def __init__(self) -> None:
        corners = Shader(shaders.CORNERS, "vertex")
        self._programs = {
            name: ShaderProgram(corners, Shader(source, "fragment"))
            for name, source in (
                ("picture", shaders.PICTURE),
                ("grey", shaders.GREY),
                ("reduced", shaders.REDUCED),
                ("sharpened", shaders.SHARPENED),
                ("enlarged", shaders.ENLARGED),
                ("refined", shaders.REFINED),
                ("calmed", shaders.CALMED),
                ("land", shaders.LAND),
                ("eye", shaders.EYE),
                ("mix", shaders.MIX),
                ("before", shaders.BEFORE),
            )
        }
        self._frame = Texture(gl.GL_RGB8, gl.GL_RGB, gl.GL_UNSIGNED_BYTE, smooth=True)
        self._map = Texture(gl.GL_R32F, gl.GL_RED, gl.GL_FLOAT, smooth=True)
        self._small = Texture(gl.GL_RGB8, gl.GL_RGB, gl.GL_UNSIGNED_BYTE, smooth=False)
        self._sharp = [Texture(gl.GL_R32F, gl.GL_RED, gl.GL_FLOAT, smooth=False) for _ in range(PASSES)]
        self._between = Texture(gl.GL_R32F, gl.GL_RED, gl.GL_FLOAT, smooth=False)
        self._nearness = Texture(gl.GL_R32F, gl.GL_RED, gl.GL_FLOAT, smooth=False)
        self._source = Texture(gl.GL_R32F, gl.GL_RED, gl.GL_FLOAT, smooth=False)
        self._eyes = [Texture(gl.GL_RGB8, gl.GL_RGB, gl.GL_UNSIGNED_BYTE, smooth=True) for _ in range(2)]
        self._mask = Texture(gl.GL_R8, gl.GL_RED, gl.GL_UNSIGNED_BYTE, smooth=True)
        self._edge = Texture(gl.GL_R8, gl.GL_RED, gl.GL_UNSIGNED_BYTE, smooth=False)
        self._behind, self._light = (
            Texture(gl.GL_RGB8, gl.GL_RGB, gl.GL_UNSIGNED_BYTE, smooth=True) for _ in range(2)
        )
        self._scenery: Scenery | None = None
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

    def put_before(
        self,
        mask: Pixels,
        scenery: Scenery,
        edge: tuple[Pixels, Pixels],
        dodge: bool,
        seen: tuple[float, ...],
    ) -> None:
        """The person in the frame before something else, as each eye sees it; see workers/person/_blend.py.
        `seen` is where each looks behind the person; one value, for one picture."""
        self._mask.upload(mask)
        self._edge.upload(np.stack(edge))
        if scenery is not self._scenery:
            self._behind.upload(scenery.behind)
            self._light.upload(scenery.light)
            self._scenery = scenery
        for eye, beside in zip(self._eyes, seen, strict=False):
            self._set("before", dodge=dodge, beside=beside)
            self._render(
                eye,
                self._frame.size,
                "before",
                frame=self._frame,
                mask=self._mask,
                behind=self._behind,
                light=self._light,
                edge=self._edge,
            )

    def draw_eye(self, place: Place) -> None:
        """What `put_before` has made, where it is one picture."""
        gl.glViewport(*place)
        self._draw("picture", picture=self._eyes[0])

    def make_views(self, parallax: Parallax) -> None:
        """What each eye sees of the frame, in textures, to be drawn as often as is wanted."""
        size = self._frame.size
        self._bring_map_to(size)
        for name in ("land", "eye"):
            self._set(name, parallax=tuple(parallax))
        for eye, sign in zip(self._eyes, (1.0, -1.0), strict=True):
            self._set("land", sign=sign)
            self._render(self._source, size, "land", nearness=self._nearness)
            self._set("eye", sign=sign)
            self._render(eye, size, "eye", frame=self._frame, nearness=self._nearness, source=self._source)

    def draw_views(self, layout: Layout, first: tuple[int, int], phase: int, place: Place) -> None:
        """Both views in their layout. `first` says which column of the screen is the window's leftmost and
        which row its lowest; `phase` whose turn it is where eyes take turns."""
        if layout.name in SIDE_BY_SIDE + TOP_BOTTOM:
            for eye, view in zip(self._eyes, (layout.left_eye, layout.right_eye), strict=True):
                gl.glViewport(*place_of(layout, view, place))
                self._draw("picture", picture=eye)
            return
        how = MIXES.get(layout.name, COLOURS) if layout.name != "frame-sequential" else phase % 2
        left, right = (columns_of(layout.name, at) for at in (0, 3))
        self._set("mix", how=how, from_left=left, from_right=right, first=first)
        gl.glViewport(*place_of(layout, layout.left_eye, place))
        self._draw("mix", left_eye=self._eyes[0], right_eye=self._eyes[1])

    def _bring_map_to(self, size: tuple[int, int]) -> None:
        """The frame's, with edges where the frame has them."""
        near, frame = self._nearness, self._frame
        if self._map.size == size:
            self._set("refined", reach=REACH)
            self._render(near, size, "refined", frame=frame, map=self._map)
            return
        self._set("refined", reach=0)
        self._render(near, size, "enlarged", frame=frame, map=self._sharpened(), colours=self._small)
        self._render(self._between, size, "refined", frame=frame, map=near)
        self._set("calmed", across=(0, 1))
        self._render(near, size, "calmed", map=self._between)
        self._set("calmed", across=(1, 0))
        self._render(self._between, size, "calmed", map=near)
        self._nearness, self._between = self._between, near

    def _sharpened(self) -> Texture:
        """The map with its edges where the frame has them, at its own size."""
        newest, size = self._map, self._map.size
        self._set("reduced", cells=size[::-1])
        self._render(self._small, size, "reduced", frame=self._frame)
        for target in self._sharp:
            self._render(target, size, "sharpened", map=newest, colours=self._small)
            newest = target
        return newest

    def _render(self, target: Texture, size: tuple[int, int], name: str, **textures: Texture) -> None:
        """Into a texture of this many rows and columns."""
        rows, columns = size
        target.resize(rows, columns)
        gl.glBindFramebuffer(gl.GL_FRAMEBUFFER, self._buffer)
        gl.glFramebufferTexture2D(
            gl.GL_FRAMEBUFFER, gl.GL_COLOR_ATTACHMENT0, gl.GL_TEXTURE_2D, target.name, 0
        )
        gl.glViewport(0, 0, columns, rows)
        self._draw(name, **textures)
        gl.glBindFramebuffer(gl.GL_FRAMEBUFFER, 0)

    def _set(self, name: str, **values: Any) -> None:
        """Uniforms of a program."""
        program = self._programs[name]
        program.use()
        for key, value in values.items():
            program[key] = value

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


def place_of(layout: Layout, view: View, place: Place) -> Place:
    """Where a view is in the window when the whole picture is at this place."""
    x, y, width, height = place
    across, down = width / layout.columns, height / layout.rows
    bottom = y + round((layout.rows - view.top - view.rows) * down)
    return x + round(view.left * across), bottom, round(view.columns * across), round(view.rows * down)


def columns_of(name: str, at: int) -> tuple[float, ...]:
    """The part of an anaglyph's matrix that belongs to one eye, column by column as OpenGL wants it."""
    rows = ANAGLYPHS.get(name, ((0.0,) * 6,) * 3)
    return tuple(rows[k][at + j] for j in range(3) for k in range(3))
