"""Depth that is there already, in the place of a network: the first pass's, or 16-bit PNGs of somebody."""

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import cv2
import numpy as np
import numpy.typing as npt

from shm.lease import Lease, OpenSlot
from workers.convert._pictures import SECOND
from workers.convert._record import MOST, Recorded
from workers.worker import CannotWork, Worker

Map = npt.NDArray[np.float32]


class KnownDepth(Worker):
    """small uint8[h, w, 3] → relative inverse depth float32[h, w] of the same frame."""

    reads = "small"
    writes = {"depth": "relative"}
    shares: ClassVar[tuple[str, ...]] = ("depth", "conversion")

    @classmethod
    def sizes(cls, settings: SimpleNamespace, rings: Mapping[str, int]) -> dict[str, int]:
        return {"depth": settings.depth.height * settings.depth.width * 4}

    def open(self) -> None:
        conversion, depth = self.settings.conversion, self.settings.depth
        self._number = int(conversion.begin)
        self._source: Any = (
            PngFolder(conversion.depth_in)
            if conversion.depth_in is not None
            else Recorded(conversion.survey, conversion.maps, (depth.height, depth.width))
        )

    def process(self, small: Lease, depth: OpenSlot) -> None:
        size, number = self.settings.depth, self._number
        if self.settings.conversion.pictures:  # of some that cannot be read the depth is there all the same
            number = small.info.pts // SECOND
        try:
            self._source.read(number, depth.view((size.height, size.width), np.float32))
        except (IndexError, ValueError, OSError) as error:
            raise CannotWork(str(error)) from error
        self._number += 1


class PngFolder:
    """One for each frame, in the order of their names; white is near."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".png")

    def read(self, number: int, target: Map) -> None:
        """At the target's size. Raises IndexError, ValueError or OSError."""
        if number >= len(self._files):
            raise IndexError(f"{self._folder}: has {len(self._files)} PNGs, and the video more frames")
        path = self._files[number]
        data = path.read_bytes()
        found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED) if data else None
        if found is None or found.ndim != 2:
            raise ValueError(f"{path}: is not a grey picture that OpenCV reads")
        most = MOST if found.dtype == np.uint16 else 255
        values = found.astype(np.float32) / np.float32(most)
        target[:] = cv2.resize(values, target.shape[::-1], interpolation=cv2.INTER_AREA)
