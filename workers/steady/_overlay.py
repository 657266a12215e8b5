"""What lies on the picture and not in it: subtitles, a game's display, a channel's mark.

It stays on the screen plane: at another depth it would tear, or seem to be behind what it covers.
"""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from workers.steady import Settings

Grey = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.float32]
SAME = 5  # grey levels
MOVES = 0.35  # so much of the picture has to move for what does not to be remarkable
DETAIL = 24  # grey levels within 5 x 5 pixels: text and edges, not a blank wall
LARGEST = 0.3  # of the picture; more than that is a scene that stands still


class Overlay:
    """Finds by itself what stays while the picture moves. `drawn`: uint8[any size], white = keep flat."""

    def __init__(self, drawn: Grey | None = None) -> None:
        self._drawn = drawn
        self._drawn_mask: Mask = np.zeros((0, 0), np.float32)  # the same at the size of the pictures
        self._before: Grey | None = None
        self._seconds: Mask = np.zeros((0, 0), np.float32)
        self._at = 0

    def reset(self) -> None:
        """After a cut nothing moves on: only what is still there counts."""
        self._before = None

    def mask(self, grey: Grey, settings: Settings, now: int) -> Mask | None:
        """float32[h, w], 1 = keep flat, soft-edged; None when nothing is to be. `grey` uint8[h, w]."""
        found = self._found(grey, settings.overlay_seconds, now) if settings.find_overlay else None
        named = rectangles(settings.flat, *grey.shape) if settings.flat else None
        drawn = self._drawn_at(self._drawn, *grey.shape) if self._drawn is not None else None
        masks = [mask for mask in (found, named, drawn) if mask is not None]
        if not masks:
            return None
        return np.asarray(cv2.blur(np.maximum.reduce(masks), (5, 5)), np.float32)

    def _drawn_at(self, drawn: Grey, rows: int, columns: int) -> Mask:
        if self._drawn_mask.shape != (rows, columns):
            fitted = cv2.resize(drawn, (columns, rows), interpolation=cv2.INTER_AREA)
            self._drawn_mask = np.asarray(fitted, np.float32) / np.float32(255)
        return self._drawn_mask

    def _found(self, grey: Grey, enough: float, now: int) -> Mask | None:
        seconds = min(0.5, (now - self._at) / 1e9)
        before, self._before, self._at = self._before, grey, now
        if self._seconds.shape != grey.shape:
            self._seconds = np.zeros(grey.shape, np.float32)
        if before is not None and before.shape == grey.shape:
            same = cv2.absdiff(before, grey) <= SAME
            if 1 - same.mean() > MOVES:
                self._seconds += np.float32(seconds)
            self._seconds[~same] = 0
        if not (self._seconds >= enough).any():
            return None
        square = np.ones((5, 5), np.uint8)
        detail = cv2.subtract(cv2.dilate(grey, square), cv2.erode(grey, square)) > DETAIL
        still = np.asarray((self._seconds >= enough) & detail, np.uint8)
        closed = cv2.morphologyEx(still, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
        return closed.astype(np.float32) if 0 < closed.mean() < LARGEST else None


def read_mask(path: str) -> Grey:
    """A drawn mask of any size, uint8[h, w]. Raises OSError or ValueError."""
    data = Path(path).read_bytes()
    drawn = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE) if data else None
    if drawn is None:
        raise ValueError(f"{path} is not a picture that OpenCV reads")
    return np.asarray(drawn, np.uint8)


def rectangles(percents: Sequence[Sequence[int]], rows: int, columns: int) -> Mask:
    """float32[rows, columns], 1 inside of the rectangles: left, top, width, height in percent of the
    picture."""
    mask = np.zeros((rows, columns), np.float32)
    for rectangle in percents:
        left, top, width, height = (number / 100 for number in rectangle)
        mask[
            round(top * rows) : round((top + height) * rows),
            round(left * columns) : round((left + width) * columns),
        ] = 1
    return mask
