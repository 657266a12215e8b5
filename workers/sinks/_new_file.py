"""A file that was not there before, and what is left of it when its disk is full."""

import io
import itertools
from pathlib import Path
from typing import BinaryIO


def create(path: Path, number: int) -> "NewFile":
    """At `path` as number 1, else at name-2, name-3, …: from `number` on the first where nothing is. Raises
    OSError."""
    for one in itertools.count(number):
        try:
            return NewFile(path if one == 1 else path.with_stem(f"{path.stem}-{one}"), one)
        except FileExistsError:
            continue
    raise AssertionError  # there is always another number


class NewFile:
    """What a muxer writes into. After `give_up` it ends where it was last whole, and takes nothing more."""

    def __init__(self, path: Path, number: int) -> None:
        """Raises OSError."""
        self.path, self.number = path, number
        self._file: io.FileIO | BinaryIO = path.open("xb", buffering=0)
        self._whole, self._given_up = 0, False

    @property
    def nbytes(self) -> int:
        return self._whole

    def write(self, data: bytes) -> int:
        rest = memoryview(data)
        while len(rest) and not self._given_up:
            rest = rest[self._file.write(rest) :]
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def mark(self) -> None:
        """All up to here belongs together: it can be played."""
        self._whole = self._file.tell()

    def give_up(self) -> None:
        self._given_up = True
        self._file.truncate(self._whole)
        if self._whole == 0:
            self._file.close()  # Windows removes no file that is open
            self.path.unlink()
            self._file = io.BytesIO()  # in which the muxer goes where it likes

    def close(self) -> None:
        self._file.close()
