"""A .wav file of one channel that grows, and can be played at any moment, also after a crash."""

import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt

HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
BYTES = 2  # of a sample
LONGEST = (1 << 32) - 1 - HEADER.size  # bytes of sound that its header can count


class NotOurs(OSError):
    """A file that is there already, and cannot be gone on with."""


class TooLong(OSError):
    """No .wav file holds more."""


class WavFile:
    """Goes on at the end of a file that is there already, if it is such a one. Raises OSError."""

    def __init__(self, path: Path, rate: int) -> None:
        self._rate = rate
        try:
            self._file = path.open("xb", buffering=0)
            self._nbytes = 0
            self._begin(path)
        except FileExistsError:
            self._file = path.open("r+b", buffering=0)
            self._nbytes = self._length_of(path)
        self._file.seek(HEADER.size + self._nbytes)

    @property
    def seconds(self) -> float:
        return self._nbytes / BYTES / self._rate

    def write(self, pcm: npt.NDArray[np.int16]) -> None:
        """All of it, or as many samples as there is room for. Raises OSError."""
        if self._nbytes + pcm.nbytes > LONGEST:
            raise TooLong("a .wav file cannot be longer than 4 GB")
        data, done = pcm.tobytes(), 0
        try:
            while done < len(data):
                done += self._file.write(data[done:])
        finally:
            self._nbytes += done // BYTES * BYTES
            self._file.seek(HEADER.size + self._nbytes)

    def note_length(self) -> None:
        """Into the header."""
        self._file.seek(0)
        self._file.write(self._header(self._nbytes))
        self._file.seek(HEADER.size + self._nbytes)

    def close(self) -> None:
        try:
            self.note_length()
        finally:
            self._file.close()

    def _begin(self, path: Path) -> None:
        """Or leave nothing that looks like somebody else's file."""
        try:
            self.note_length()
        except OSError:
            self._file.close()
            path.unlink()
            raise

    def _header(self, size: int) -> bytes:
        rate = self._rate
        form = (b"fmt ", 16, 1, 1, rate, BYTES * rate, BYTES, 8 * BYTES)
        return HEADER.pack(b"RIFF", HEADER.size - 8 + size, b"WAVE", *form, b"data", size)

    def _length_of(self, path: Path) -> int:
        """Of the sound in a file that we began; all of it that is there, whatever the header says."""
        start = self._file.read(HEADER.size)
        if not self._is_ours(start):
            self._file.close()
            raise NotOurs(f"{path} is there already and no .wav of {self._rate} Hz, 16 bits, one channel")
        return (path.stat().st_size - HEADER.size) // BYTES * BYTES

    def _is_ours(self, start: bytes) -> bool:
        if len(start) < HEADER.size:
            return False
        found, ours = HEADER.unpack(start), HEADER.unpack(self._header(0))
        return found[0] == ours[0] and found[2:12] == ours[2:12]  # but for the two lengths
