"""The memory that a ring lives in: made by the launcher, attached by workers, gone with the last of them.

Linux: an unnamed memfd. It cannot be left behind, is not limited by /dev/shm, and posix_fallocate turns
"no memory" into an error here instead of a SIGBUS in the first process that touches a page.
Elsewhere: `SharedMemory`, owned and unlinked by the launcher. `Segment.create` is the one place that chooses.
"""

import errno
import mmap
import os
import sys
from abc import ABC, abstractmethod
from contextlib import suppress
from multiprocessing import reduction
from multiprocessing.shared_memory import SharedMemory
from typing import Any, ClassVar

from shm.errors import NoMemory

if sys.platform != "win32":
    import _posixshmem


class Segment(ABC):
    """A mapped piece of shared memory. Picklable while a process is being spawned.

    `fds` can be sent over a UNIX socket beside `to_json()`; `from_json` attaches on the other side.
    """

    kind: ClassVar[str]
    buffer: memoryview

    def __init__(self, nbytes: int) -> None:
        self.nbytes = nbytes

    @staticmethod
    def create(nbytes: int, name: str) -> "Segment":
        """A new zeroed segment. Raises NoMemory."""
        backend: type[MemfdSegment | NamedSegment] = NamedSegment
        if sys.platform == "linux":
            backend = MemfdSegment
        try:
            return backend.make(nbytes, name)
        except (OSError, OverflowError) as error:
            raise NoMemory(
                f"ring {name}: no memory for a segment of {nbytes / 1e6:.0f} MB ({error}); "
                "take a smaller picture (scene.width, scene.height, screen_mss.region) or fewer sinks"
            ) from error

    @staticmethod
    def from_json(data: dict[str, Any], fds: list[int], *, read_only: bool = False) -> "Segment":
        """Attach. A read-only segment, if asked for, is not pre-faulted."""
        if data["kind"] == MemfdSegment.kind:
            return MemfdSegment.attach(fds.pop(0), data["nbytes"], read_only=read_only)
        if read_only and sys.platform != "win32":
            fd = _posixshmem.shm_open(f"/{data['name']}", os.O_RDONLY, mode=0)
            return MemfdSegment.attach(fd, data["nbytes"], read_only=True)
        segment = NamedSegment(SharedMemory(data["name"]), data["nbytes"], owner=False)
        if read_only:
            segment.buffer = segment.buffer.toreadonly()
        return segment

    @property
    @abstractmethod
    def fds(self) -> tuple[int, ...]: ...

    @abstractmethod
    def to_json(self) -> dict[str, Any]: ...

    @abstractmethod
    def close(self) -> None:
        """Let go of the memory; views that still exist keep their mapping until they are gone."""


class MemfdSegment(Segment):
    """Memory known by a descriptor: unnamed, or named and only looked at. The mapping goes when the last view
    of it is gone.

    Only the owner keeps the descriptor, to hand it out: whoever attaches and kept it would keep all of the
    memory, long after he has moved to another segment.
    """

    kind = "memfd"

    def __init__(self, fd: int, nbytes: int, *, read_only: bool = False) -> None:
        """Takes over `fd`; maps and pre-faults (a first touch of a cold 1080p slot costs 14 to 26 ms)."""
        super().__init__(nbytes)
        self._fd = fd
        if read_only:
            flags, access = mmap.MAP_SHARED, mmap.PROT_READ
        else:
            flags, access = mmap.MAP_SHARED | mmap.MAP_POPULATE, mmap.PROT_READ | mmap.PROT_WRITE
        self.buffer = memoryview(mmap.mmap(fd, nbytes, flags=flags, prot=access))

    @classmethod
    def attach(cls, fd: int, nbytes: int, *, read_only: bool = False) -> "MemfdSegment":
        """For everybody but the owner."""
        try:
            segment = cls(fd, nbytes, read_only=read_only)
        finally:
            os.close(fd)
        segment._fd = -1
        return segment

    @classmethod
    def make(cls, nbytes: int, name: str) -> "MemfdSegment":
        if nbytes > _available():  # fallocate would take page after page until the kernel kills us
            raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))
        fd = os.memfd_create(f"stereoring-{name}", os.MFD_CLOEXEC)
        try:
            os.posix_fallocate(fd, 0, nbytes)
            return cls(fd, nbytes)
        except BaseException:
            os.close(fd)
            raise

    @property
    def fds(self) -> tuple[int, ...]:
        return (self._fd,) if self._fd >= 0 else ()

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "nbytes": self.nbytes}

    def close(self) -> None:
        self.buffer = memoryview(b"")
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __reduce__(self) -> tuple[Any, ...]:
        return _attach_memfd, (reduction.DupFd(self._fd), self.nbytes)


def _attach_memfd(duplicate: Any, nbytes: int) -> MemfdSegment:
    return MemfdSegment.attach(duplicate.detach(), nbytes)


def _available() -> int:
    """Bytes that can be had without driving anyone else out."""
    with open("/proc/meminfo") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))


class NamedSegment(Segment):
    """Memory known by a name; the launcher owns it and unlinks it.

    Attaching registers the name with the resource tracker that spawned children share with the launcher;
    it must not be unregistered there on 3.11 and 3.12 (that would remove the launcher's own entry). `top` is
    no child and has a tracker of its own, which would unlink the name when `top` ends: so an onlooker opens
    it past `SharedMemory`.
    """

    kind = "named"

    def __init__(self, memory: SharedMemory, nbytes: int, *, owner: bool) -> None:
        super().__init__(nbytes)
        self._memory, self._owner = memory, owner
        assert memory.buf is not None
        self.buffer = memory.buf[:nbytes]  # the system may have rounded the size up
        for page in range(0, nbytes, mmap.PAGESIZE):
            _ = self.buffer[page]  # pre-fault
        # Its close() and __del__ would raise while there are views. Let the last view end the mapping.
        memory._buf = memory._mmap = None  # type: ignore[attr-defined]

    @classmethod
    def make(cls, nbytes: int, name: str) -> "NamedSegment":
        return cls(SharedMemory(create=True, size=nbytes), nbytes, owner=True)

    @property
    def fds(self) -> tuple[int, ...]:
        return ()

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "nbytes": self.nbytes, "name": self._memory.name}

    def close(self) -> None:
        self.buffer = memoryview(b"")
        self._memory.close()
        if self._owner:
            self._owner = False
            with suppress(FileNotFoundError):  # another program's tracker was quicker; gone is gone
                self._memory.unlink()

    def __reduce__(self) -> tuple[Any, ...]:
        return _attach_named, (self._memory.name, self.nbytes)


def _attach_named(name: str, nbytes: int) -> NamedSegment:
    return NamedSegment(SharedMemory(name), nbytes, owner=False)
