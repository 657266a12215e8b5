"""The end of a conversion's line: every picture once, into parts of the video or into files."""

from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import cv2
import numpy as np

from shm.lease import Lease
from workers.convert._conversion import End
from workers.convert._picture_files import PictureFiles
from workers.convert._pictures import SECOND
from workers.convert._record import MOST, records_in
from workers.convert._segments import Segments
from workers.convert._whole import put
from workers.worker import BEAT_EVERY, CannotWork, Step, Wiring, Worker


class Writing(Worker):
    """Ends by itself after the last picture. With `depth_out` it also writes how near everything is."""

    reads = "picture"
    shares: ClassVar[tuple[str, ...]] = ("stereo", "conversion")
    threads = 16

    @classmethod
    def wiring(cls, settings: SimpleNamespace) -> Wiring:
        follows = "nearness" if settings.conversion.depth_out is not None else None
        return Wiring("picture", follows, None, {}, {})

    def open(self) -> None:
        conversion = self.settings.conversion
        self._number = self._seen = int(conversion.begin)
        self._times = None if conversion.pictures else records_in(conversion.survey)["time"]
        self._out = self._files() if conversion.pictures else self._video()

    def close(self) -> None:
        """What was made till now is kept, also when it is told to stop."""
        self._out.finish()

    def drive(self, step: Step) -> None:
        """Until the last picture."""
        while not step.stopping:
            step.once(BEAT_EVERY)
            end = End.read(self.settings.conversion)
            if end is not None and self._number >= end.frames:
                self._out.finish()
                self.host.tell("quit", why="all pictures are written")
                return

    def follow(self, nearness: Lease, input_live: bool) -> bool:
        conversion = self.settings.conversion
        if self._seen >= conversion.first:
            number = nearness.info.pts // SECOND if conversion.pictures else self._seen
            self._write_depth(conversion.depth_out / f"{number:09}.png", nearness)
        self._seen += 1
        return False

    def process(self, picture: Lease) -> bool:
        conversion, number = self.settings.conversion, self._number
        time = picture.info.pts
        if self._times is not None and (number >= len(self._times) or self._times[number] != time):
            raise CannotWork(f"{conversion.source}: frame {number} is not what the first pass has seen")
        if number >= conversion.first:
            self._out.add(number, time, picture.frame)
        self._number += 1
        return False

    def _video(self) -> Segments:
        conversion, stereo = self.settings.conversion, self.settings.stereo
        return Segments(
            conversion.segments,
            conversion.source,
            self.settings.convert,
            stereo.layout,
            stereo.swap_eyes,
            self.host.threads,
        )

    def _files(self) -> PictureFiles:
        conversion = self.settings.conversion
        return PictureFiles(conversion.segments, conversion.source, conversion.ending)

    def _write_depth(self, path: Path, nearness: Lease) -> None:
        """16 bits, white is near."""
        codes = np.round(np.clip(nearness.frame, 0, 1) * MOST).astype(np.uint16)
        part = path.with_name(path.name + ".part")
        try:
            part.write_bytes(cv2.imencode(".png", codes)[1].tobytes())
            put(part, path)
        except OSError as error:
            raise CannotWork(f"{path}: cannot be written: {error.strerror}") from error
