"""Writes what is heard into a .wav file."""

import errno
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated

from shm.layout import Mode
from shm.lease import Lease
from workers.sinks._wav import TooLong, WavFile
from workers.voice import _pace
from workers.voice._codecs import rate_of
from workers.worker import CannotWork, Worker

LOOK_AGAIN = 1.0  # seconds between two looks at whether there is room again
ROOM = 1_000_000  # bytes, half a minute
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
        self._path = Path(self.settings.wav.path)
        self._file: WavFile | None = None
        self._noted = time.monotonic()
        self._fails, self._look_at = False, 0.0

    def process(self, sound: Lease) -> None:
        if self._fails and not self._has_room():
            return
        try:
            self._write(sound)
            self._fails = False
        except TooLong as error:
            raise CannotWork(f"wav.path: {self._path}: {error}; give another") from error
        except OSError as error:
            self._wait(error)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _write(self, sound: Lease) -> None:
        if self._file is None:
            self._file = self._opened(rate_of(sound.info.colour))
        self._file.write(sound.frame)
        if time.monotonic() - self._noted > NOTE_EVERY:
            self._noted = time.monotonic()
            self._file.note_length()

    def _opened(self, rate: int) -> WavFile:
        try:
            return WavFile(self._path, rate)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise
            raise CannotWork(f"wav.path: {error}") from error

    def _wait(self, error: OSError) -> None:
        """What is written stays and can be played."""
        if self._file is not None:
            self._file.note_length()
        if not self._fails:
            what = f"{self._path}: {error.strerror or error}"
            self.log.error("wav.path: %s; what is written stays, and it goes on when it can", what)
        self._fails, self._look_at = True, time.monotonic() + LOOK_AGAIN

    def _has_room(self) -> bool:
        if time.monotonic() < self._look_at:
            return False
        self._look_at = time.monotonic() + LOOK_AGAIN
        return shutil.disk_usage(self._path.parent).free >= ROOM
