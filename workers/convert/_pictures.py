"""A picture file, or those in a folder, as the frames of a conversion: one a second."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from workers.capture._still import decoded
from workers.convert._film import CannotRead, opened

ENDINGS = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"}
SECOND = 1_000_000  # microseconds


def picture_files(source: Path) -> list[Path]:
    """Those in a folder, in the order of their names, links to nothing included; or the file itself."""
    if not source.is_dir():
        return [source]
    seen = (path for path in sorted(source.iterdir()) if not path.name.startswith("."))
    return [path for path in seen if path.suffix.lower() in ENDINGS and _is_file(path)]


def _is_file(path: Path) -> bool:
    """Or a link that leads nowhere, of which is said that it cannot be read."""
    return path.is_file() or not path.exists()


def profile_of(path: Path) -> list[npt.NDArray[np.uint8]]:
    """The ICC profile that says what its colours mean, if it has one. Raises OSError or cv2.error."""
    data = np.frombuffer(path.read_bytes(), np.uint8)
    try:
        _, kinds, found = cv2.imdecodeWithMetadata(data, cv2.IMREAD_REDUCED_GRAYSCALE_8)  # it is the quickest
    except cv2.error:  # of less than eight rows or columns nothing would be left
        _, kinds, found = cv2.imdecodeWithMetadata(data, cv2.IMREAD_GRAYSCALE)
    pairs = zip(kinds, (np.asarray(one, np.uint8).ravel() for one in found), strict=True)
    # Only one for RGB, which the pixels are by now: the file's may be for greys, or for print.
    return [one for kind, one in pairs if kind == cv2.IMAGE_METADATA_ICCP and one[16:20].tobytes() == b"RGB "]


class Pictures:
    """Like a Film."""

    def __init__(self, source: Path) -> None:
        self._source, self._files = source, picture_files(source)
        self.broken: list[str] = []
        self.last = SECOND

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """Rows and columns of each, and the other way round: it may have to be turned. Raises CannotRead."""
        found = {shape for path in self._files if (shape := _shape(path))}
        if not found:
            if not self._source.is_dir():
                _pixels_of(self._source)  # says why
            raise CannotRead(f"{self._source}: has no picture that OpenCV reads")
        return [*found, *((columns, rows) for rows, columns in found)]

    def frames(self) -> Iterator[tuple[int, npt.NDArray[np.uint8]]]:
        """(microseconds, its pixels); the time says which of the files it is."""
        for number, path in enumerate(self._files):
            try:
                pixels = _pixels_of(path)
            except CannotRead as error:
                self.broken.append(str(error))
                continue
            yield number * SECOND, pixels

    def upright(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """As they are: OpenCV turns what it reads."""
        return pixels


def _shape(path: Path) -> tuple[int, int] | None:
    """Rows and columns as they are stored; None where it cannot be read."""
    try:
        with opened(path) as (_, stream):
            if stream.height and stream.width:
                return int(stream.height), int(stream.width)
    except CannotRead:
        pass  # FFmpeg and OpenCV do not know quite the same files
    try:
        rows, columns, _ = _pixels_of(path).shape
        return rows, columns
    except CannotRead:
        return None


def _pixels_of(path: Path) -> npt.NDArray[np.uint8]:
    """uint8[H, W, 3], RGB, the way up that the camera says. Raises CannotRead."""
    try:
        pixels = decoded(path.read_bytes())
    except OSError as error:
        raise CannotRead(f"{path}: cannot be read: {error.strerror}") from error
    if pixels is None:
        raise CannotRead(f"{path}: is not a picture that OpenCV reads")
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)
