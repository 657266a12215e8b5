"""The beginning of a conversion's line: every frame of the file once, as soon as there is room, and no larger
than its views."""

import time
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any, ClassVar

import cv2
import numpy as np

from shm.lease import OpenSlot
from workers.capture._frames import bytes_with_bars, shrink
from workers.convert._conversion import End
from workers.convert._film import CannotRead, Film
from workers.convert._pictures import Pictures
from workers.stereo._layout import fitted
from workers.worker import CannotWork, Wiring, Worker


class Reading(Worker):
    """Full frames and small ones; the first pass, the survey, needs only the small."""

    shares: ClassVar[tuple[str, ...]] = ("depth", "stereo", "conversion")
    threads = 16

    @classmethod
    def wiring(cls, settings: SimpleNamespace) -> Wiring:
        full = {} if settings.conversion.job == "survey" else {"frame": "RGB"}
        return Wiring(None, None, None, {**full, "small": "RGB"}, {})

    @classmethod
    def sizes(cls, settings: SimpleNamespace, rings: Mapping[str, int]) -> dict[str, int]:
        try:
            shapes = [_shown(shape, settings.stereo.height) for shape in _source(settings, 1).shapes]
        except CannotRead as error:
            raise ValueError(str(error)) from error
        rows, columns = (max(sides) for sides in zip(*shapes, strict=True))
        return {
            "frame": rows * columns * 3,
            "frame with bars": bytes_with_bars(rows, columns),
            "small": settings.depth.height * settings.depth.width * 3,
        }

    def open(self) -> None:
        self._source = _source(self.settings, self.host.threads)
        self._frames: Iterator[tuple[int, Any]] = self._source.frames()
        self._number, self._over = 0, False

    def due(self) -> float:
        return float("inf") if self._over else 0.0

    def process(self, *slots: OpenSlot) -> int | None:
        conversion = self.settings.conversion
        try:
            found = next(self._frames, None)
        except CannotRead as error:
            raise CannotWork(str(error)) from error
        if found is None:
            self._over = True
            End(self._number, self._source.last, tuple(self._source.broken)).write(conversion)
            return None
        self._number += 1
        if self._number <= conversion.begin:
            return None
        self.pts, frame = found
        self._put(self._source.upright(frame), *slots)
        return time.perf_counter_ns()

    def _put(self, pixels: Any, *slots: OpenSlot) -> None:
        depth, size = self.settings.depth, _shown(pixels.shape[:2], self.settings.stereo.height)
        *full, small = slots
        for slot in full:
            target = slot.view((*size, 3))
            if size == pixels.shape[:2]:
                np.copyto(target, pixels)
            else:
                cv2.resize(pixels, size[::-1], dst=target, interpolation=cv2.INTER_AREA)
        shrink(pixels, small.view((depth.height, depth.width, 3)))


def _shown(shape: tuple[int, int], most: int) -> tuple[int, int]:
    """Rows and columns of what the views are made from: a frame that is higher than they are is shrunk before
    it fills slots."""
    return fitted(*shape, most) if shape[0] > most else shape


def _source(settings: SimpleNamespace, threads: int) -> Film | Pictures:
    """Raises CannotRead."""
    conversion = settings.conversion
    return Pictures(conversion.source) if conversion.pictures else Film(conversion.source, threads)
