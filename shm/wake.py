"""One pair of ends per reader that wakes a sleeper; both stay with the launcher for restarts.

What is sent means nothing: whoever is woken looks at the words. So a full end is fine (the sleeper is awake
already), a lost process costs nothing, and a restarted one just drains.
"""

import os
import select
import socket
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from io import FileIO
from multiprocessing import reduction
from typing import Any, Protocol, Self


class Bell(Protocol):
    """One end: its owner sleeps on `fileno`, and `ring` wakes whoever sleeps on the other. Picklable while a
    process is being spawned."""

    ring: Callable[[], Any]
    fileno: Callable[[], int]

    def drain(self) -> None: ...
    def close(self) -> None: ...


class EventEnd:
    """An end of Linux: each direction is an eventfd. It wakes a sleeper in three quarters of the time that a
    pair of sockets takes, and ringing it is one call of C.

    Nothing is raised when it is full or empty: FileIO answers None where others would have to wait."""

    __slots__ = ("_mine", "_other", "fileno", "ring")

    def __init__(self, mine: FileIO, other: FileIO) -> None:
        self._mine, self._other = mine, other
        self.fileno, self.ring = mine.fileno, partial(other.write, (1).to_bytes(8, "little"))

    @classmethod
    def pair(cls) -> tuple[Self, Self]:
        one, other = (os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK) for _ in range(2))
        far = _event(os.dup(one)), _event(os.dup(other))  # a process may get both ends, and no number twice
        return cls(_event(one), far[1]), cls(_event(other), far[0])

    def drain(self) -> None:
        self._mine.read(8)

    def close(self) -> None:
        self._mine.close()
        self._other.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return _received, (reduction.DupFd(self._mine.fileno()), reduction.DupFd(self._other.fileno()))


def _event(descriptor: int) -> FileIO:
    return FileIO(descriptor, "r+")


def _received(mine: Any, other: Any) -> EventEnd:
    return EventEnd(_event(mine.detach()), _event(other.detach()))


class SocketEnd:
    """An end of macOS and Windows: one of a pair of sockets, which never blocks."""

    __slots__ = ("_socket",)

    def __init__(self, end: socket.socket) -> None:
        self._socket = end

    @classmethod
    def pair(cls) -> tuple[Self, Self]:
        one, other = quick_pair()
        for end in (one, other):
            end.setblocking(False)
        return cls(one), cls(other)

    def fileno(self) -> int:
        return self._socket.fileno()

    def ring(self) -> None:
        try:  # noqa: SIM105  suppress() costs three times as much, at the moment that counts
            self._socket.send(b"\0")
        except BlockingIOError:  # full: the sleeper has unread bytes and is awake already
            pass

    def drain(self) -> None:
        try:
            while len(self._socket.recv(4096)) == 4096:
                pass
        except BlockingIOError:  # empty
            pass

    def close(self) -> None:
        self._socket.close()


class Sleeper(Protocol):
    """A ring's reader or writer: it sleeps on `ends` once `arm` says that there is nothing to do. Those of
    them that were `rung` at the last wake-up are drained before the next sleep: first comes the frame."""

    ends: tuple[Bell, ...]
    rung: list[Bell]

    def arm(self) -> bool: ...
    def disarm(self) -> None: ...


@dataclass(frozen=True)
class Wake:
    """The two ends: the reader sleeps on one, the writer on the other. Each wakes the other."""

    reader_end: Bell
    writer_end: Bell

    @classmethod
    def create(cls) -> "Wake":
        return cls(*(EventEnd if hasattr(os, "eventfd") else SocketEnd).pair())

    def close(self) -> None:
        self.reader_end.close()
        self.writer_end.close()


def quick_pair() -> tuple[socket.socket, socket.socket]:
    """Two ends whose messages leave at once. On Windows they are TCP's, which would hold small ones back."""
    pair = socket.socketpair()
    for end in pair:
        if end.family == socket.AF_INET:
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return pair


def wait(sleepers: Sequence[Sleeper], timeout: float | None, also: Collection[int] = ()) -> list[int]:
    """Sleep until one of `sleepers` has something to do or was rung, one of the descriptors in `also` is
    readable, or `timeout` seconds have passed. Returns what of `also` is readable."""
    idle, sources = True, [*also]
    for sleeper in sleepers:
        if sleeper.rung:
            for end in sleeper.rung:
                end.drain()
            sleeper.rung = []
        idle = sleeper.arm() and idle
        sources += [end.fileno() for end in sleeper.ends]
    ready = (_poll if sleepers and hasattr(select, "poll") else _select)(sources, timeout if idle else 0)
    for sleeper in sleepers:
        for end in sleeper.ends:
            if end.fileno() in ready:
                sleeper.rung.append(end)
        if not sleeper.rung:  # or it would be rung once more, for nothing; one that was rung was so once
            sleeper.disarm()
    return [source for source in also if source in ready] if also else []


def _poll(sources: list[int], timeout: float | None) -> list[int]:
    """Quicker to wake than select, and for any descriptor, but in whole milliseconds."""
    poll = select.poll()
    for source in sources:
        poll.register(source, select.POLLIN)
    return [source for source, _ in poll.poll(None if timeout is None else timeout * 1000)]


def _select(sources: list[int], timeout: float | None) -> list[int]:
    """For who only waits for his time, to the microsecond; and for Windows."""
    try:
        return select.select(sources, [], [], timeout)[0]
    except ValueError:  # a number above 1023
        return _poll(sources, timeout)
