"""One socketpair per reader that wakes a sleeper; both ends stay with the launcher for restarts.

Wake bytes mean nothing: whoever is woken looks at the words. So a full socket is fine (the sleeper has
bytes to read), a lost process costs nothing, and a restarted one just drains.
"""

import select
import socket
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from socket import socket as Bell
from typing import Protocol


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
        pair = quick_pair()
        for end in pair:
            end.setblocking(False)
        return cls(*pair)

    def close(self) -> None:
        self.reader_end.close()
        self.writer_end.close()


def quick_pair() -> tuple[Bell, Bell]:
    """Two ends whose messages leave at once. On Windows they are TCP's, which would hold small ones back."""
    pair = socket.socketpair()
    for end in pair:
        if end.family == socket.AF_INET:
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return pair


def ring_bell(end: Bell) -> None:
    """Wake whoever sleeps on the other end."""
    try:  # noqa: SIM105  suppress() costs three times as much, at the moment that counts
        end.send(b"\0")
    except BlockingIOError:  # full: the sleeper has unread bytes and is awake already
        pass


def drain(end: Bell) -> None:
    try:
        while len(end.recv(4096)) == 4096:
            pass
    except BlockingIOError:  # empty
        pass


def wait(
    sleepers: Sequence[Sleeper], timeout: float | None, also: Collection[Bell | int] = ()
) -> list[Bell | int]:
    """Sleep until one of `sleepers` has something to do or was rung, one of `also` (sockets or
    descriptors) is readable, or `timeout` seconds have passed. Returns what of `also` is readable."""
    idle, sources = True, [*also]
    for sleeper in sleepers:
        if sleeper.rung:
            for end in sleeper.rung:
                drain(end)
            sleeper.rung = []
        idle = sleeper.arm() and idle
        sources += sleeper.ends
    ready, _, _ = select.select(sources, [], [], timeout if idle else 0)
    for sleeper in sleepers:
        for end in sleeper.ends:
            if end in ready:
                sleeper.rung.append(end)
        if not sleeper.rung:  # or it would be rung once more, for nothing; one that was rung was so once
            sleeper.disarm()
    return [source for source in also if source in ready] if also else []
