"""A decoded frame as a player would show it: upright, mirrored or not, of square pixels, in 8-bit colours."""

from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import av.filter
import numpy as np
import numpy.typing as npt

from workers.capture._light import table_for, write_table

HD = 720  # rows from which colours are BT.709 where nothing says what they are, as players have it
MATRICES = {1: "bt709", 4: "fcc", 5: "bt470", 6: "smpte170m", 7: "smpte240m", 9: "bt2020", 10: "bt2020"}
"""By FFmpeg's number (AVColorSpace), as its filter scale names them."""
WAYS = {
    (1, 0, 0, 1): [],
    (-1, 0, 0, 1): [("hflip", "")],
    (1, 0, 0, -1): [("vflip", "")],
    (-1, 0, 0, -1): [("hflip", ""), ("vflip", "")],
    (0, 1, 1, 0): [("transpose", "cclock_flip")],
    (0, 1, -1, 0): [("transpose", "clock")],
    (0, -1, 1, 0): [("transpose", "cclock")],
    (0, -1, -1, 0): [("transpose", "clock_flip")],
}
"""Where the first row and the first column go, (across, down) each, and the filters that do it."""
Way = tuple[int, int, int, int]


class Upright:
    """All frames come out at the size that the first has on the screen."""

    def __init__(self, shape: Fraction | None) -> None:
        """`shape` of a pixel: its width by its height, where the file says."""
        self._shape = shape or Fraction(1)
        self._size: tuple[int, int] | None = None
        self._graph: Any = None
        self._made_for: tuple[object, ...] = ()
        self._tables: TemporaryDirectory[str] | None = None

    def __call__(self, frame: Any) -> npt.NDArray[np.uint8]:
        """uint8[H, W, 3], RGB."""
        colours = frame.colorspace, frame.color_range, frame.color_trc, frame.color_primaries
        form = (frame.width, frame.height, _way(frame), frame.format.name, *colours)
        if form != self._made_for:
            self._graph, self._made_for = self._graph_for(frame), form
        self._graph.vpush(frame)
        shown = self._graph.vpull()
        return np.asarray(shown.to_ndarray(), np.uint8)

    def size_of(self, frame: Any) -> tuple[int, int]:
        """Rows and columns that it has on the screen."""
        width, height = _square(frame.width, frame.height, self._shape)
        return (width, height) if _way(frame)[0] == 0 else (height, width)

    def _graph_for(self, frame: Any) -> Any:
        if self._size is None:
            self._size = self.size_of(frame)
        usual = "bt709" if frame.height >= HD else "bt601"
        matrix = MATRICES.get(frame.colorspace, usual)
        size = f"{self._size[1]}:{self._size[0]}"
        nodes = [*WAYS[_way(frame)], ("scale", f"{size}:in_color_matrix={matrix}:flags=bicubic")]
        if frame.format.has_palette or any(part.is_alpha for part in frame.format.components):
            nodes += [("format", "gbrap"), ("premultiply", "inplace=1")]  # what can be seen through is black
        if table := table_for(frame.color_trc, frame.color_primaries):
            nodes += [("format", "gbrp16le"), ("lut3d", f"file='{self._path_of(table, frame)}'")]
        return _graph(frame, [*nodes, ("format", "rgb24")])

    def _path_of(self, table: str, frame: Any) -> Path:
        self._tables = self._tables or TemporaryDirectory(prefix="stereoring-")
        path = Path(self._tables.name) / f"{table}.cube"
        if not path.exists():
            write_table(path, frame.color_trc, frame.color_primaries)
        return path


def _way(frame: Any) -> Way:
    """As the file's display matrix says; of one that turns by less, the nearest."""
    matrix = frame.side_data.get("DISPLAYMATRIX")
    if matrix is None:
        return 1, 0, 0, 1
    a, b, _, c, d, *_ = (int(part) for part in np.frombuffer(bytes(matrix), np.int32))
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return -1 if a < 0 else 1, 0, 0, -1 if d < 0 else 1
    return 0, -1 if b < 0 else 1, -1 if c < 0 else 1, 0


def _square(width: int, height: int, shape: Fraction) -> tuple[int, int]:
    """The size with square pixels: the longer way is stretched, so that none is lost; even."""
    if shape > 1:
        width = round(width * shape)
    elif shape < 1:
        height = round(height / shape)
    return max(2, width & ~1), max(2, height & ~1)


def _graph(frame: Any, nodes: list[tuple[str, str]]) -> Any:
    graph = av.filter.Graph()
    begin = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 1000)
    )
    chain = [
        begin,
        *(graph.add(name, arguments or None) for name, arguments in nodes),
        graph.add("buffersink"),
    ]
    graph.link_nodes(*chain)
    graph.configure()
    return graph
