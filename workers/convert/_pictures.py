"""A picture file, or those in a folder, as the frames of a conversion: one a second."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from workers.convert._film import CannotRead, opened

ENDINGS = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"}
SECOND = 1_000_000  # microseconds


def picture_files(source: Path) -> list[Path]:
    """Those in a folder, in the order of their names; or the file itself."""
    if not source.is_dir():
        return [source]
    return [path for path in sorted(source.iterdir()) if path.suffix.lower() in ENDINGS]


class Pictures:
    """Like a Film."""

    def __init__(self, source: Path) -> None:
        self._files = picture_files(source)
        self.broken: list[str] = []
        self.last = SECOND

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns that are enough for each, whichever way up. Raises CannotRead."""
        longest = 0
        for path in self._files:
            with opened(path) as (_, stream):
                longest = max(longest, stream.width, stream.height)
        return longest, longest

    def frames(self) -> Iterator[tuple[int, Any]]:
        """(microseconds, path)."""
        yield from ((number * SECOND, path) for number, path in enumerate(self._files))

    def upright(self, path: Path) -> npt.NDArray[np.uint8]:
        """uint8[H, W, 3], RGB, the way up that the camera says. Raises CannotRead."""
        data = path.read_bytes()
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
        if pixels is None:
            raise CannotRead(f"{path}: is not a picture that OpenCV reads")
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)
