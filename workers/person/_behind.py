"""What is shown behind the person: a colour, a picture, a video, or the blurred room itself."""

from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from workers.capture._still import decoded
from workers.person._blurred import Blurred
from workers.person._film import Film
from workers.person._scenery import CannotShow, Pixels, Scenery, covering


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
            self._made = covering(self._picture, frame.shape[0], frame.shape[1])
        return self._made


def picture_of(path: str) -> Pixels:
    """uint8[H, W, 3], RGB. Raises CannotShow."""
    if not path:
        raise CannotShow("background.image is not set: which picture?")
    try:
        data = Path(path).read_bytes()
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
