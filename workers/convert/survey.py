"""The end of the first pass: looks at the depth and the small picture of each frame, keeps ranges and cuts,
and in the end writes the scenes."""

from types import SimpleNamespace
from typing import Any, ClassVar

import cv2
import numpy as np
import numpy.typing as npt

from shm.lease import Lease
from workers.convert._conversion import End
from workers.convert._record import Recorder, records_in
from workers.convert._whole import write_whole
from workers.steady._cut import is_cut
from workers.steady._range import range_of
from workers.steady._scenes import Scenes
from workers.worker import BEAT_EVERY, CannotWork, Step, Worker

Grey = npt.NDArray[np.uint8]


class Survey(Worker):
    """It writes no frames, and holds no lease of a full one."""

    reads, follows = "depth", "small"
    shares: ClassVar[tuple[str, ...]] = ("depth", "steady", "conversion")

    def __init__(self, settings: SimpleNamespace, *more: Any) -> None:
        super().__init__(settings, *more)
        conversion, depth = settings.conversion, settings.depth
        self._number = int(conversion.begin)
        self._before: Grey | None = None
        self._cut = False
        maps = conversion.maps if conversion.keeps_depth else None
        self._recorder = Recorder(conversion.survey, maps, (depth.height, depth.width), conversion.first)

    def close(self) -> None:
        self._recorder.close()

    def drive(self, step: Step) -> None:
        """Until the last frame."""
        while not step.stopping:
            step.once(BEAT_EVERY)
            end = End.read(self.settings.conversion)
            if end is not None and self._number >= end.frames:
                self._finish()
                return

    def follow(self, small: Lease, input_live: bool) -> bool:
        grey = np.asarray(cv2.cvtColor(small.frame, cv2.COLOR_RGB2GRAY), np.uint8)
        self._cut = self._before is not None and is_cut(self._before, grey)
        self._before = grey
        return False

    def process(self, depth: Lease) -> bool:
        conversion = self.settings.conversion
        if self._number >= conversion.first:
            low, high = range_of(depth.frame, self.settings.steady) or (0.0, 0.0)
            try:
                self._recorder.add(depth.info.pts, depth.frame, low, high, self._cut)
            except OSError as error:
                raise self._full(error) from error
        self._number += 1
        return False

    def _full(self, error: OSError) -> CannotWork:
        folder = self.settings.conversion.folder
        return CannotWork(f"{folder}: cannot be written: {error.strerror}; what is done is kept")

    def _finish(self) -> None:
        conversion = self.settings.conversion
        found = records_in(conversion.survey)
        if not len(found):
            raise CannotWork(f"{conversion.source}: has no picture that can be decoded")
        scenes = Scenes.of(*(found[part].tolist() for part in ("time", "low", "high", "cut")))
        try:
            self._recorder.keep()
            write_whole(conversion.scenes, scenes.as_data())
        except OSError as error:
            raise self._full(error) from error
        self.host.tell("quit", why="the first pass is through")
