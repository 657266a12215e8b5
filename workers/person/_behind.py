"""What is shown behind the person: a colour, a picture, a video, or the blurred room itself."""

import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import av
import cv2
import numpy as np

from workers.capture._readable import readable, warned_once
from workers.capture._still import decoded
from workers.capture._upright import Upright
from workers.person._blurred import Blurred
from workers.person._scenery import Pixels, Scenery, odd

SMALLER = 4  # light is spread at so many times fewer pixels, each way
PAUSE = 1.0  # seconds without a picture, after which a video goes on where it was
LIGHT_PERCENT = 3.0  # how far the background's light spreads, in percent of the width
log = logging.getLogger(__name__)


class CannotShow(Exception):
    """A background that cannot be had; says what and why."""


class Background(Protocol):
    """Knows what is behind a frame; `mask` is uint8 of any size."""

    def __call__(self, frame: Pixels, mask: Pixels) -> Scenery: ...


class Plain:
    """A colour."""

    def __init__(self, pixel: Pixels) -> None:
        self._made = Scenery(pixel, pixel)

    def __call__(self, frame: Pixels, mask: Pixels) -> Scenery:
        return self._made


class Still:
    """A picture; it covers the frame, whatever its shape, and keeps its own."""

    def __init__(self, picture: Pixels) -> None:
        self._picture = picture
        self._made = Scenery(np.empty((0, 0, 3), np.uint8), np.empty((0, 0, 3), np.uint8))

    def __call__(self, frame: Pixels, mask: Pixels) -> Scenery:
        if self._made.behind.shape != frame.shape:
            behind = cover(self._picture, frame.shape[0], frame.shape[1])
            self._made = Scenery(behind, light_of(behind))
        return self._made


class Film:
    """A video at its own pace, again and again."""

    def __init__(self, path: str) -> None:
        """Raises CannotShow."""
        if not path:
            raise CannotShow("background.video is not set: which video?")
        self._path = path
        self._upright: Any = None
        self._damaged = warned_once(log, path)
        self._frames = self._play()
        self._due = 0.0
        self._advance(time.perf_counter())

    def __call__(self, frame: Pixels, mask: Pixels) -> Scenery:
        self._advance(time.perf_counter())
        behind = cover(self._upright(self._now), frame.shape[0], frame.shape[1])
        return Scenery(behind, light_of(behind))

    def _advance(self, now: float) -> None:
        if now - self._due > PAUSE:
            self._due = now  # what was missed is not played through
        while self._due <= now:
            self._now, length = next(self._frames)
            self._due += length

    def _play(self) -> Iterator[tuple[Any, float]]:
        """(frame, seconds that it is shown)."""
        while True:
            try:
                with av.open(self._path) as container:
                    stream = container.streams.video[0]
                    self._upright = self._upright or Upright(stream.sample_aspect_ratio)
                    length = 1 / float(stream.average_rate or 30)
                    shown = False
                    for frame in readable(container.demux(stream), self._damaged):
                        shown = True
                        yield frame, length
            except (av.FFmpegError, OSError, IndexError) as error:
                raise CannotShow(f"background.video: {self._path} cannot be read: {error}") from error
            if not shown:
                raise CannotShow(f"background.video: {self._path} has no picture")


def cover(picture: Pixels, height: int, width: int) -> Pixels:
    """Scaled until it covers everything, the middle of it."""
    scale = max(height / picture.shape[0], width / picture.shape[1])
    size = max(width, round(picture.shape[1] * scale)), max(height, round(picture.shape[0] * scale))
    scaled = picture
    if size != (picture.shape[1], picture.shape[0]):
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        scaled = np.asarray(cv2.resize(picture, size, interpolation=how), np.uint8)
    top, left = (size[1] - height) // 2, (size[0] - width) // 2
    return np.ascontiguousarray(scaled[top : top + height, left : left + width])


def light_of(behind: Pixels) -> Pixels:
    """What it shines on whoever stands before it."""
    height, width = behind.shape[:2]
    size = max(1, width // SMALLER), max(1, height // SMALLER)
    small = cv2.resize(behind, size, interpolation=cv2.INTER_LINEAR)
    box = odd(size[0] * LIGHT_PERCENT / 100)
    soft = cv2.blur(cv2.blur(small, (box, box)), (box, box))
    return np.asarray(cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def picture_of(path: str) -> Pixels:
    """uint8[H, W, 3], RGB. Raises CannotShow."""
    if not path:
        raise CannotShow("background.image is not set: which picture?")
    try:
        data = Path(path).expanduser().read_bytes()
    except OSError as error:
        raise CannotShow(f"background.image: {path}: {error.strerror}") from error
    pixels = decoded(data)
    if pixels is None:
        raise CannotShow(f"background.image: {path} is not a picture that OpenCV reads")
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)


def colour_of(text: str) -> Pixels:
    """One pixel of it, `#rrggbb`."""
    return np.frombuffer(bytes.fromhex(text.removeprefix("#")), np.uint8).reshape(1, 1, 3).copy()


class Choice(Protocol):
    """What of the settings decides it."""

    kind: str
    image: str
    video: str
    colour: str
    blur_percent: float


def background_of(choice: Choice) -> Background:
    """Raises CannotShow."""
    if choice.kind == "blur":
        return Blurred(choice.blur_percent)
    if choice.kind == "video":
        return Film(choice.video)
    return Still(picture_of(choice.image)) if choice.kind == "image" else Plain(colour_of(choice.colour))
