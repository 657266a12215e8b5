"""How `top` and a worker's house get to a running launcher: a socket that only this user can open (a named
pipe on Windows), on which the launcher hands out read-only segments and takes errands. Bytes of JSON, never
pickles."""

import json
import logging
import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing import reduction
from multiprocessing.connection import Client, Connection, Listener
from typing import Any

from pipeline.addresses import NoAnswer, NotRunning, address_of, sweep
from pipeline.errands import Errands
from shm.segment import MemfdSegment, Segment
from workers.house import Refused

log = logging.getLogger("stereoring.launcher")
Description = dict[str, Any]
PATIENCE = 5.0  # seconds
ERRAND_PATIENCE = 30.0  # seconds; one may wait for others before it, which stop and start workers
LONGEST_REQUEST = 64 * 1024  # bytes
NOTES, BETWEEN_NOTES = 20, 0.1  # so often, and after so many seconds, a newer note is looked for


class Desk:
    """The launcher's side: a thread that answers onlookers."""

    def __init__(
        self,
        describe: Callable[[], Description],
        segments: Callable[[], list[Segment]],
        errands: Errands | None = None,
    ) -> None:
        """`describe` and `segments` are called in `refresh`, by the launcher's own thread."""
        sweep()
        self._errands = errands
        self._describe, self._get_segments = describe, segments
        self.refresh()
        self._listener, self._closed = Listener(address_of(os.getpid())), False
        self._thread = threading.Thread(target=self._accept, name="desk", daemon=True)
        self._thread.start()

    def refresh(self) -> None:
        """Take note of how things stand; to be called from time to time."""
        self._state = self._describe(), self._get_segments()

    def close(self) -> None:
        self._closed = True
        with suppress(FileNotFoundError):  # its folder may have gone, as when the user has logged out
            self._listener.close()

    def _accept(self) -> None:
        while not self._closed:
            try:
                connection = self._listener.accept()
            except OSError:  # closed, or no descriptor is left: some onlooker may leave
                time.sleep(BETWEEN_NOTES)
                continue
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: Connection) -> None:
        with connection:
            try:
                while True:
                    self._answer(connection, connection.recv_bytes(LONGEST_REQUEST))
            except (EOFError, OSError):
                return  # the onlooker has left

    def _answer(self, connection: Connection, request: bytes) -> None:
        if self._errands is not None and request.startswith(b"{"):
            connection.send_bytes(json.dumps(self._errands.ask(request)).encode())
            return
        with ExitStack() as opened:
            description, segments = self._state
            if request == b"segments":
                description, segments, fds = self._opened(opened)
            else:
                fds = []
            description = description | {"segments": [segment.to_json() for segment in segments]}
            connection.send_bytes(json.dumps(description).encode())
            for fd in fds:
                reduction.send_handle(connection, fd, 0)

    def _opened(self, opened: ExitStack) -> tuple[Description, list[Segment], list[int]]:
        """How things stand, with a descriptor of each segment that cannot be written through. A segment may
        go meanwhile; the launcher's next note is without it."""
        for _ in range(NOTES):
            description, segments = self._state
            with ExitStack() as these, suppress(FileNotFoundError):
                fds = [_read_only(fd, these) for segment in segments for fd in segment.fds]
                if len(fds) == sum(segment.kind == MemfdSegment.kind for segment in segments):
                    opened.push(these.pop_all())
                    return description, segments, fds
            time.sleep(BETWEEN_NOTES)
        raise EOFError("the launcher takes no notes any more")


class Onlooker:
    """The other side: `ask()` for the description, `attach()` for the segments too, `send()` an errand."""

    def __init__(self, pid: int) -> None:
        """Raises NotRunning."""
        self._pid, self._connection = pid, _connected(pid)

    def ask(self) -> Description:
        """Raises NotRunning when the launcher has gone."""
        return self._request(b"describe")

    def send(self, errand: str, **arguments: Any) -> Any:
        """Have the launcher do something. Raises Refused with its reason, and NotRunning."""
        request = json.dumps({"errand": errand, "arguments": arguments}).encode()
        answer = self._request(request, ERRAND_PATIENCE)
        if "refused" in answer:
            raise Refused(answer["refused"])
        return answer["done"]

    def attach(self, sizes: Callable[[Description], list[int]]) -> tuple[Description, list[Segment]]:
        """Description and read-only segments, of each only as many bytes as `sizes` wants. One with a name
        may go meanwhile; the launcher's next note is without it."""
        for _ in range(NOTES):
            description = self._request(b"segments")
            with suppress(FileNotFoundError):
                return description, self._segments(description, sizes(description))
            time.sleep(BETWEEN_NOTES)
        raise NotRunning("the launcher takes no notes any more")

    def close(self) -> None:
        self._connection.close()

    def _segments(self, description: Description, sizes: list[int]) -> list[Segment]:
        found = []
        for data, nbytes in zip(description["segments"], sizes, strict=True):
            fds = [self._descriptor()] if data["kind"] == "memfd" else []
            found.append(Segment.from_json(data | {"nbytes": nbytes}, fds, read_only=True))
        return found

    def _descriptor(self) -> int:
        with self._talking():
            self._wait(PATIENCE)
            return reduction.recv_handle(self._connection)

    def _request(self, what: bytes, patience: float = PATIENCE) -> Description:
        if self._connection.closed:
            self._connection = _connected(self._pid)
        with self._talking():
            self._connection.send_bytes(what)
            self._wait(patience)
            answer: Description = json.loads(self._connection.recv_bytes())
            return answer

    def _wait(self, patience: float) -> None:
        if not self._connection.poll(patience):
            raise _no_answer(patience)

    @contextmanager
    def _talking(self) -> Iterator[None]:
        """A late answer goes with its connection, or it would be taken for that to the next question."""
        try:
            yield
        except NoAnswer:
            self._connection.close()
            raise
        except BlockingIOError as error:  # in the middle of an answer
            self._connection.close()
            raise _no_answer(PATIENCE) from error
        except (EOFError, OSError) as error:
            raise NotRunning("the launcher has gone") from error


def _connected(pid: int) -> "Connection[Any, Any]":
    """Raises NotRunning."""
    try:
        return _connection_to(address_of(pid))
    except (FileNotFoundError, ConnectionRefusedError) as error:
        raise NotRunning(f"no launcher runs with process id {pid}") from error
    except (BlockingIOError, TimeoutError) as error:
        raise _no_answer(PATIENCE) from error


def _no_answer(patience: float) -> NoAnswer:
    return NoAnswer(f"the launcher has not answered for {patience:.0f} s; it may be stopped or very busy")


if sys.platform == "win32":

    def _connection_to(address: str) -> "Connection[Any, Any]":
        return Client(address)  # has a limit of its own

else:

    def _connection_to(address: str) -> "Connection[Any, Any]":
        """One on which nothing takes longer than our patience. A launcher that is stopped lets nobody in;
        who connects waits behind those who came before."""
        limit = struct.pack("@ll", int(PATIENCE), 0)
        with socket.socket(socket.AF_UNIX) as end:
            for direction in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
                end.setsockopt(socket.SOL_SOCKET, direction, limit)
            end.connect(address)
            return Connection(end.detach())


def _read_only(fd: int, opened: ExitStack) -> int:
    """A descriptor of the same memory that cannot be written through."""
    read_only = os.open(f"/proc/self/fd/{fd}", os.O_RDONLY)
    opened.callback(os.close, read_only)
    return read_only
