"""Finds the black bars around a film, so that they neither cost anything nor get depth."""

import numpy as np
import numpy.typing as npt

DARK = 20  # of 255; film black is rarely blacker after compression
LOOK_EVERY = 30  # frames
SURE_AFTER = 3  # looks that agree
LARGEST = 0.25  # of the picture's size on one side; more than that is a dark scene


class Bars:
    """Follows the bars of a running picture. A change counts once several looks agree on it, but bars that
    are too large are given up at once: cutting into a picture is worse than showing a bar. Another size is
    another picture."""

    def __init__(self) -> None:
        self._size: tuple[int, ...] = ()
        self._begin()

    def _begin(self) -> None:
        self._frames = self._votes = 0
        self._candidate = self._margins = (0, 0)

    def cropped(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """The picture, uint8[H, W, C], without its bars: a view."""
        if pixels.shape[:2] != self._size:
            self._size = pixels.shape[:2]
            self._begin()
        if self._frames % LOOK_EVERY == 0:
            self._look(pixels)
        self._frames += 1
        y, x = self._margins
        return pixels[y : pixels.shape[0] - y, x : pixels.shape[1] - x]

    def _look(self, pixels: npt.NDArray[np.uint8]) -> None:
        found = _margin(pixels[:, ::16]), _margin(pixels[::16].swapaxes(0, 1))
        self._votes = self._votes + 1 if found == self._candidate else 1
        self._candidate = found
        self._margins = min(self._margins[0], found[0]), min(self._margins[1], found[1])
        if self._votes >= SURE_AFTER:
            self._margins = found


def _margin(pixels: npt.NDArray[np.uint8]) -> int:
    """Dark rows at the top and the bottom: as many as both have, even; 0 where nearly all is dark."""
    dark = pixels[..., :3].max(axis=(1, 2)) < DARK
    if dark.all():
        return 0
    bright = np.flatnonzero(~dark)
    margin = int(min(bright[0], len(dark) - 1 - bright[-1])) & ~1
    return margin if margin <= LARGEST * len(dark) else 0
