"""A video as parts that stand for themselves: each begins with a key frame, and has its name only once it is
whole. Whatever is killed, what has a name need not be made again."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from workers.convert import Settings
from workers.convert._encoders import add_video, coded, in_order, options_of
from workers.convert._film import opened, ticks_of
from workers.convert._whole import put
from workers.worker import CannotWork

ENDING = ".nut"  # a container that keeps times as exact as the source has them, unless they are before 0, so
LATER = 3600  # seconds that they are there behind what they are


def segments_in(folder: Path) -> list[tuple[int, int, Path]]:
    """(first frame, one behind the last, file), those that follow each other from frame 0."""
    found, end = [], 0
    for path in sorted(folder.glob(f"*{ENDING}")):
        begin, _, last = path.stem.partition("-")
        if int(begin) == end:
            end = int(last) + 1
            found.append((int(begin), end, path))
    return found


class Segments:
    """Writes them. `layout` and `swapped` say how the views lie in the picture."""

    def __init__(
        self, folder: Path, source: Path, convert: Settings, layout: str, swapped: bool, threads: int
    ) -> None:
        self._folder, self._convert, self._threads = folder, convert, threads
        self._options = options_of(convert, layout, swapped)
        with opened(source) as (_, stream):
            self._time_base: Fraction = stream.time_base
            self._rate: Fraction = stream.average_rate or Fraction(30)
        self._container: Any = None
        self._stream: Any = None
        self._begin = self._count = self._muxed = self._since = 0

    def add(self, number: int, time: int, pixels: npt.NDArray[np.uint8]) -> None:
        """The next frame; time in microseconds. Raises CannotWork."""
        if self._container is not None and time - self._since >= self._convert.segment_seconds * 1e6:
            self.finish()
        try:
            if self._container is None:
                self._open(number, time, pixels.shape)
            pts = ticks_of(time, self._time_base) + shift_of(self._time_base)
            frame = coded(pixels, self._stream.pix_fmt, pts, self._time_base, self._threads)
            self._mux(self._stream.encode(frame))
        except (av.FFmpegError, OSError) as error:
            raise self._broken(error) from error
        self._count += 1

    def finish(self) -> None:
        """Close what is open and give it its name. Raises CannotWork."""
        if self._container is None:
            return
        try:
            self._mux(self._stream.encode(None))
            self._container.close()
            there = _packets_in(self._part)
        except (av.FFmpegError, OSError) as error:
            raise self._broken(error) from error
        self._container = None
        if there != self._count:
            raise CannotWork(f"{self._part}: has {there} of {self._count} frames; is the disk full?")
        name = f"{self._begin:09}-{self._begin + self._count - 1:09}{ENDING}"
        put(self._part, self._folder / name)

    @property
    def _part(self) -> Path:
        return self._folder / f"{self._begin:09}.part"

    def _open(self, number: int, time: int, shape: tuple[int, ...]) -> None:
        self._begin, self._count, self._muxed, self._since = number, 0, 0, time
        self._container = av.open(str(self._part), "w", format="nut")
        size = shape[0], shape[1]
        self._stream = add_video(
            self._container, self._convert, self._options, size, self._time_base, self._rate, self._threads
        )
        self._stream.time_base = self._time_base

    def _mux(self, packets: Iterable[Any]) -> None:
        """Decoding times are those of the whole video later; here they are only somewhere before."""
        ordered = in_order(packets, shift_of(self._time_base) // 2 + self._muxed)
        self._muxed += len(ordered)
        self._container.mux(ordered)

    def _broken(self, error: Exception) -> CannotWork:
        """What was open is of no use any more."""
        self._container = None
        return CannotWork(f"{self._folder}: {self._convert.encoder} cannot go on: {error}")


def shift_of(time_base: Fraction) -> int:
    """How much later everything is in a segment, in units of the source."""
    return int(LATER / time_base)


def _packets_in(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for packet in container.demux(video=0) if packet.size)
