"""A video file as the source, at its own pace: whatever PyAV (FFmpeg) reads."""

import time
from collections.abc import Generator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Annotated, Any

import av

from workers.capture._clock import packets_of
from workers.capture._frames import FrameSource, Grab
from workers.capture._readable import readable, warned_once
from workers.capture._upright import Upright
from workers.worker import CannotWork

LATE = 0.05  # seconds; a frame that is later than this is decoded but not published


@dataclass(frozen=True)
class Settings:
    """Which video, and what happens at its end."""

    path: Annotated[str, "path"] = ""
    loop: Annotated[bool, "live"] = True


class Video(FrameSource):
    """Frames at the times that the file gives them, the way up and in the colours that it names."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._next: Any = None
        self._last: Any = None
        self._once_more = False
        self._upright: Any = None
        self._due = 0.0
        self._damaged = warned_once(self.log, self.settings.video.path)
        self.dropped = 0

    @classmethod
    def largest(cls, settings: SimpleNamespace) -> tuple[int, int]:
        path = settings.video.path
        with open_video(path) as container:
            stream = container.streams.video[0]
            try:
                first = next(
                    readable(container.demux(stream), lambda at, error: None), None
                )  # says which way up
            except av.FFmpegError as error:
                raise ValueError(f"video.path: {path} cannot be read: {error}") from error
            if first is None:
                raise ValueError(f"video.path: {path} has no picture that can be decoded")
            return Upright(stream.sample_aspect_ratio).size_of(first)

    def open(self) -> None:
        self._frames = self._play()
        try:
            self._advance()
        except ValueError as error:  # it was there when the launcher looked
            raise CannotWork(str(error)) from error

    def close(self) -> None:
        self._frames.close()

    def wake(self) -> None:
        self._start += max(0.0, time.perf_counter() - self._due)

    def again(self) -> None:
        """While it plays the next frame comes anyway."""
        if self._next is None and self.settings.video.loop:  # that was changed since its end
            self.open()
        self._once_more = self._next is None and self._last is not None

    def due(self) -> float:
        return 0.0 if self._once_more else self._due

    def grab(self) -> Grab | None:
        if self._once_more:
            self._once_more = False
            return Grab(self._upright(self._last), "RGB", time.perf_counter_ns())
        frame, due = self._next, self._due
        self._last = frame
        self._advance()
        if time.perf_counter() - due > LATE and self._due - due < 1:
            self.dropped += 1
            return None
        return Grab(self._upright(frame), "RGB", time.perf_counter_ns())

    def _advance(self) -> None:
        self._next, self._due = next(self._frames, (None, float("inf")))

    def _play(self) -> Generator[tuple[Any, float]]:
        """(frame, when it is due), again and again while `loop` is set."""
        self._start = 0.0
        while True:
            with open_video(self.settings.video.path) as container:
                stream = container.streams.video[0]
                stream.thread_type = "AUTO"
                self._upright = self._upright or Upright(stream.sample_aspect_ratio)
                length = 1 / float(stream.average_rate or 30)
                first = end = 0.0
                packets = packets_of(container, [stream])
                for number, frame in enumerate(readable(packets, self._damaged)):
                    self._start = self._start or time.perf_counter()  # opening it took its time
                    at = frame.time if frame.time is not None else number * length
                    first = at if number == 0 else first
                    end = at - first + length
                    yield frame, self._start + at - first
            self._start += end
            if not self.settings.video.loop or end == 0:
                return


def open_video(path: str) -> Any:
    """Raises ValueError that names the file and what is wrong with it."""
    if not path:
        raise ValueError("video.path is not set: which video?")
    try:
        container = av.open(path)
    except (av.FFmpegError, OSError) as error:
        raise ValueError(f"video.path: {path} cannot be read: {error}") from error
    if not container.streams.video:
        container.close()
        raise ValueError(f"video.path: {path} has no picture")
    return container
