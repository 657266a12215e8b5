"""A file as the source, at its own pace."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Annotated

import numpy as np

from shm.lease import OpenSlot
from workers.sound._reading import CannotRead, check, frames_of
from workers.sound._source import SoundSource
from workers.worker import CannotWork

LATE = 0.5  # seconds; whoever waited for us or we for them so long: the file has stood still meanwhile


@dataclass(frozen=True)
class Settings:
    """Which file, and what happens at its end."""

    path: Annotated[str, "path"] = ""
    loop: Annotated[bool, "live"] = True


class SoundFile(SoundSource):
    """Frames at the times that they have in the file."""

    _ended = False

    @classmethod
    def sizes(cls, settings: SimpleNamespace, rings: Mapping[str, int]) -> dict[str, int]:
        if not settings.sound_file.path:
            raise ValueError("sound_file.path is not set: which file?")
        check(settings.sound_file.path)
        return super().sizes(settings, rings)

    def open(self) -> None:
        try:
            check(self.settings.sound_file.path)
        except CannotRead as error:  # it was there when the launcher looked
            raise CannotWork(f"sound_file.path: {error}") from error
        self._begin()

    def close(self) -> None:
        self._frames.close()

    def wake(self) -> None:
        self._due = time.perf_counter()

    def due(self) -> float:
        """Never, at its end, until `loop` is on."""
        again = self.settings.sound_file.loop and self._any
        return float("inf") if self._ended and not again else self._due

    def process(self, pcm: OpenSlot) -> int | None:
        if self._ended:
            self._begin()
        try:
            frame = next(self._frames, None)
        except CannotRead as error:
            self.log.error("%s", error)
            frame = None
        self._ended = frame is None
        if frame is None:
            return None
        heard = pcm.view((self.codec.frame,), np.int16)
        heard[: len(frame)], heard[len(frame) :] = frame, 0  # the last one is filled up with silence
        now = time.perf_counter()
        self._due = now if now - self._due > LATE else self._due + self.codec.frame / self.codec.rate
        self._any = True
        return time.perf_counter_ns()

    def _begin(self) -> None:
        self._frames = frames_of(self.settings.sound_file.path, self.codec.rate, self.codec.frame)
        self._due, self._any = time.perf_counter(), False
        self._ended = False
