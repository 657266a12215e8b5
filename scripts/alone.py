"""One set-up of a folder at a time: of two first starts together each would take away the other's .venv."""

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

WAITING = "waiting for another set-up of this folder to end"

if sys.platform == "win32":
    import msvcrt

    AGAIN = 0.5  # seconds

    @contextmanager
    def alone(folder: Path) -> Iterator[None]:
        """The system lets go of the lock of a process that ends, however it ends."""
        name = sha256(str(folder).casefold().encode()).hexdigest()[:16]
        with (Path(tempfile.gettempdir()) / f"stereoring-{name}.lock").open("a") as file:
            waiting = False
            while not _locked(file.fileno()):
                if not waiting:
                    print(WAITING, flush=True)
                waiting = True
                time.sleep(AGAIN)
            yield

    def _locked(fd: int) -> bool:
        os.lseek(fd, 0, os.SEEK_SET)  # the lock is on the byte that is there
        try:
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

else:
    import fcntl

    @contextmanager
    def alone(folder: Path) -> Iterator[None]:
        """The lock is on the folder itself: a user who may not write there can start the program too. The
        system lets go of the lock of a process that ends, however it ends."""
        fd = os.open(folder, os.O_RDONLY)
        try:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print(WAITING, flush=True)
                fcntl.flock(fd, fcntl.LOCK_EX)
            except OSError as error:  # of NFS, which locks no folders
                print(f"{folder} cannot be locked: {error.strerror}; do not start it twice", flush=True)
            yield
        finally:
            os.close(fd)
