"""What every source of frames does with what it gets: crop, convert into the slot, shrink for the network."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, ClassVar

import cv2
import numpy as np
import numpy.typing as npt

from shm.lease import OpenSlot
from workers.capture._bars import Bars
from workers.worker import Worker

TO_RGB = {"BGRA": cv2.COLOR_BGRA2RGB, "RGBA": cv2.COLOR_RGBA2RGB, "BGR": cv2.COLOR_BGR2RGB}


@dataclass(frozen=True)
class Grab:
    """Pixels uint8[H, W, 3 or 4] in the channel order `colour`, and their capture time in ns."""

    pixels: npt.NDArray[np.uint8]
    colour: str
    t_capture: int


class FrameSource(Worker):
    """Base of all sources of pictures: they only have to `grab`."""

    writes = {"frame": "RGB"}
    offers = {"small": "RGB"}
    shares: ClassVar[tuple[str, ...]] = ("depth",)

    @classmethod
    def largest(cls, settings: SimpleNamespace) -> tuple[int, int]:
        """Rows and columns that the slots are made for; a larger frame gets larger ones while running."""
        raise NotImplementedError

    @classmethod
    def sizes(cls, settings: SimpleNamespace, rings: Mapping[str, int]) -> dict[str, int]:
        height, width = cls.largest(settings)
        return {
            "frame": height * width * 3,
            "frame with bars": bytes_with_bars(height, width),
            "small": settings.depth.height * settings.depth.width * 3,
        }

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._bars = Bars()

    def grab(self) -> Grab | None:
        """The next picture; None when there is none or it is the same as before."""
        raise NotImplementedError

    def process(self, frame: OpenSlot, small: OpenSlot | None) -> int | None:
        grab = self.grab()
        if grab is None:
            return None
        pixels = grab.pixels
        if self.settings.capture.crop_black_bars:
            pixels = self._bars.cropped(pixels)
        target = frame.view((*pixels.shape[:2], 3))
        if grab.colour == "RGB":
            np.copyto(target, pixels)
        else:
            cv2.cvtColor(pixels, TO_RGB[grab.colour], dst=target)
        if small is not None:
            depth = self.settings.depth
            shrink(target, small.view((depth.height, depth.width, 3)))
        return grab.t_capture


class LosableSource(FrameSource):
    """One whose picture can go away and come back: a screen, a window. Meanwhile the last picture stays up,
    marked stale."""

    try_again = 1.0
    """Seconds between attempts to get it back."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._due = 0.0
        self._lost = False

    def due(self) -> float:
        return self._due

    def _is_here(self) -> None:
        """It was opened, or is back."""
        self._lost = False
        self.host.tell("ready")

    def _miss(self, what: str) -> None:
        """It gives nothing, and is expected to come back by itself; said once."""
        if not self._lost:
            self._lost = True
            self.log.error("%s", what)
            self.host.tell("away")

    def _lose(self, what: str) -> None:
        """Closes it; said once."""
        self._miss(what)
        self.close()
        self._due = time.perf_counter() + self.try_again


def bytes_with_bars(rows: int, columns: int) -> int:
    """Of a frame of this size with the bars that make it 16:9, as workers/stereo/_layout.py has them. Around
    a picture that is very wide or very high they are many times the picture itself."""
    rows, columns = max(rows, -(-columns * 9 // 16)), max(columns, -(-rows * 16 // 9))
    return 3 * ((rows + 3) & ~3) * ((columns + 3) & ~3)


def shrink(picture: npt.NDArray[np.uint8], target: npt.NDArray[np.uint8]) -> None:
    """Resize in place: by a whole factor with AREA first, then LINEAR. AREA alone from 4K to 602x336 costs
    17.6 ms, in two steps 3 ms."""
    rows, columns = target.shape[:2]
    factor = min(picture.shape[0] // rows, picture.shape[1] // columns)
    if factor > 1:
        size = (picture.shape[1] // factor, picture.shape[0] // factor)
        whole = picture[: size[1] * factor, : size[0] * factor]
        picture = cv2.resize(whole, size, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    cv2.resize(picture, (columns, rows), dst=target, interpolation=cv2.INTER_LINEAR)
