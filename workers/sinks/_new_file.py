"""A file that was not there before, and what is left of it when its disk is full."""

import itertools
from pathlib import Path


def create(path: Path) -> "NewFile":
    """At `path` or, where something is there, at the first of name-2, name-3, … where nothing is. Raises
    OSError."""
    for number in itertools.count(2):
        try:
            return NewFile(path)
        except FileExistsError:
            path = path.with_stem(f"{path.stem.removesuffix(f'-{number - 1}')}-{number}")
    raise AssertionError  # there is always another number


class NewFile:
    """What a muxer writes into. After `give_up` it ends where it was last whole, and takes nothing more."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("xb", buffering=0)
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
            self.path.unlink()

    def close(self) -> None:
        self._file.close()
