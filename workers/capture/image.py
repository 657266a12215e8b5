"""A picture file as the source."""

import time
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any

import numpy as np

from workers.capture._frames import FrameSource, Grab
from workers.capture._still import decoded


@dataclass(frozen=True)
class Settings:
    """Which picture."""

    path: Annotated[str, "path"] = ""


class Image(FrameSource):
    """Publishes the picture once, and again when somebody looks after nobody did."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._shown = False

    @classmethod
    def largest(cls, settings: SimpleNamespace) -> tuple[int, int]:
        return read_picture(settings.image.path).shape[:2]

    def open(self) -> None:
        self._pixels = read_picture(self.settings.image.path)

    def again(self) -> None:
        self._shown = False

    def due(self) -> float:
        return float("inf") if self._shown else 0.0

    def grab(self) -> Grab:
        self._shown = True
        return Grab(self._pixels, "BGR", time.perf_counter_ns())


def read_picture(path: str) -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]:
    """uint8[H, W, 3], BGR. Raises FileNotFoundError or ValueError."""
    if not path:
        raise ValueError("image.path is not set: which picture?")
    pixels = decoded(Path(path).read_bytes())
    if pixels is None:
        raise ValueError(f"image.path: {path} is not a picture that OpenCV reads")
    return pixels
