"""Writes what is heard into a .wav file."""

import time
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated

from shm.layout import Mode
from shm.lease import Lease
from workers.sinks._wav import WavFile
from workers.voice import _pace
from workers.voice._codecs import rate_of
from workers.worker import CannotWork, Worker

NOTE_EVERY = 1.0  # seconds between two notes in the header of how long it is


@dataclass(frozen=True)
class Settings:
    """Which file."""

    path: Annotated[str, "path"] = ""


class Wav(Worker):
    """It goes on at the end of a file that is there already."""

    reads = "sound"
    shares = _pace.SECTIONS

    @classmethod
    def mode_for(cls, settings: SimpleNamespace) -> Mode:
        return _pace.to_here(settings)

    def open(self) -> None:
        if not self.settings.wav.path:
            raise CannotWork("wav.path is not set: into which file?")
        self._file: WavFile | None = None
        self._noted = time.monotonic()

    def process(self, sound: Lease) -> None:
        if self._file is None:
            self._file = self._opened(rate_of(sound.info.colour))
        self._file.write(sound.frame)
        if time.monotonic() - self._noted > NOTE_EVERY:
            self._noted = time.monotonic()
            self._file.note_length()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _opened(self, rate: int) -> WavFile:
        try:
            return WavFile(Path(self.settings.wav.path), rate)
        except OSError as error:
            raise CannotWork(f"wav.path: {error}") from error
