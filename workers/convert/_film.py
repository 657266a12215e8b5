"""The frames of a video file, each with its time. What cannot be decoded is left out, and remembered."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import av
import av.logging
from av.stream import Disposition

from workers.capture._clock import packets_of
from workers.capture._readable import readable, rising_time, usual_length
from workers.capture._upright import Upright

MICROSECONDS = Fraction(1, 1_000_000)
Complaints = list[tuple[int, str, str]]


class CannotRead(Exception):
    """What is wrong with the file."""


@contextmanager
def opened(path: Path) -> Iterator[tuple[Any, Any]]:
    """(container, its video stream). Raises CannotRead."""
    try:
        container = av.open(str(path))
    except (av.FFmpegError, OSError) as error:
        raise CannotRead(f"{path}: is not a video that FFmpeg reads: {error}") from error
    with container:
        films = [one for one in container.streams.video if not one.disposition & Disposition.attached_pic]
        if not films:
            raise CannotRead(f"{path}: has no picture")
        yield container, films[0]


@contextmanager
def _heard() -> Iterator[Complaints]:
    """What FFmpeg says is wrong meanwhile, whichever of its threads does."""
    av.logging.set_level(av.logging.ERROR)
    try:
        with av.logging.Capture(local=False) as complaints:
            yield complaints
    finally:
        av.logging.set_level(None)


def time_of(pts: int, time_base: Fraction) -> int:
    """Microseconds, as they go through the rings."""
    return round(pts * time_base / MICROSECONDS)


def ticks_of(time: int, time_base: Fraction) -> int:
    """The same time in the file's own units. Exact for units longer than two microseconds."""
    return round(time * MICROSECONDS / time_base)


class Film:
    """`for time, frame in film.frames()`: times in microseconds, rising; `film.upright(frame)` has pixels."""

    def __init__(self, path: Path, threads: int) -> None:
        self._path, self._threads = path, threads
        self.broken: list[str] = []
        self.last = 0  # microseconds that the newest frame is shown, where the file says
        with opened(path) as (_, stream):
            self.upright = Upright(stream.sample_aspect_ratio)

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """Rows and columns of all frames, upright: one. Raises CannotRead."""
        for _, frame in self.frames():
            return [self.upright.size_of(frame)]
        raise CannotRead(f"{self._path}: has no picture that can be decoded")

    def frames(self) -> Iterator[tuple[int, Any]]:
        """Raises CannotRead."""
        with _heard() as complaints, opened(self._path) as (container, stream):
            stream.thread_type = "AUTO"
            stream.codec_context.thread_count = self._threads
            length, last, before = usual_length(stream), None, None
            for frame in readable(packets_of(container, [stream]), partial(self._note, stream)):
                last = rising_time(frame, last, length)
                time = time_of(last, stream.time_base)
                before = time if before is None else max(time, before + 1)
                self.last = time_of(frame.duration or 0, stream.time_base)
                self._note_all(complaints, before)
                yield before, frame
            self._note_all(complaints, before or 0)

    def _note_all(self, complaints: Complaints, time: int) -> None:
        """FFmpeg itself goes on behind what it cannot read, and only says so."""
        for _, who, what in complaints:
            self.broken.append(f"at about {time / 1e6:.2f} s: {who}: {what.strip()}")
        complaints.clear()

    def _note(self, stream: Any, at: int | None, error: Exception) -> None:
        where = "at its end" if at is None else f"at {float(at * stream.time_base):.2f} s"
        self.broken.append(f"{where}: {error}")
