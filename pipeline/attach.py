"""How `top` gets to a running launcher: a socket that only this user can open (a named pipe on Windows),
on which the launcher hands out read-only segments. Bytes of JSON, never pickles."""

import json
import logging
import os
import threading
from collections.abc import Callable
from multiprocessing import reduction
from multiprocessing.connection import Client, Connection, Listener
from typing import Any

from pipeline.addresses import NotRunning, address_of, sweep
from shm.segment import Segment

log = logging.getLogger("stereoring.launcher")
Description = dict[str, Any]
PATIENCE = 5.0  # seconds


class Desk:
    """The launcher's side: a thread that answers onlookers."""

    def __init__(self, describe: Callable[[], Description], segments: Callable[[], list[Segment]]) -> None:
        """`describe` and `segments` are called in `refresh`, by the launcher's own thread."""
        sweep()
        self._describe, self._get_segments = describe, segments
        self.refresh()
        self._listener = Listener(address_of(os.getpid()))
        self._thread = threading.Thread(target=self._accept, name="desk", daemon=True)
        self._thread.start()

    def refresh(self) -> None:
        """Take note of how things stand; to be called from time to time."""
        self._state = self._describe(), self._get_segments()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection = self._listener.accept()
            except OSError:  # closed
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: Connection) -> None:
        with connection:
            try:
                while True:
                    self._answer(connection, connection.recv_bytes(1024))
            except (EOFError, OSError):
                return  # the onlooker has left, or a segment went while we handed it out: it asks again

    def _answer(self, connection: Connection, request: bytes) -> None:
        description, segments = self._state
        description = description | {"segments": [segment.to_json() for segment in segments]}
        connection.send_bytes(json.dumps(description).encode())
        if request == b"segments":
            for segment in segments:
                for fd in segment.fds:
                    _hand_out(connection, fd)


class Onlooker:
    """The other side: `ask()` for the description, `attach()` for the segments as well."""

    def __init__(self, pid: int) -> None:
        """Raises NotRunning."""
        try:
            self._connection = Client(address_of(pid))
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise NotRunning(f"no launcher runs with process id {pid}") from error

    def ask(self) -> Description:
        """Raises NotRunning when the launcher has gone."""
        return self._request(b"describe")

    def attach(self, sizes: Callable[[Description], list[int]]) -> tuple[Description, list[Segment]]:
        """Description and read-only segments, of each only as many bytes as `sizes` wants."""
        description = self._request(b"segments")
        found = []
        for data, nbytes in zip(description["segments"], sizes(description), strict=True):
            fds = [reduction.recv_handle(self._connection)] if data["kind"] == "memfd" else []
            found.append(Segment.from_json(data | {"nbytes": nbytes}, fds, read_only=True))
        return description, found

    def close(self) -> None:
        self._connection.close()

    def _request(self, what: bytes) -> Description:
        try:
            self._connection.send_bytes(what)
            if not self._connection.poll(PATIENCE):
                raise NotRunning(f"the launcher has not answered for {PATIENCE:.0f} s")
            answer: Description = json.loads(self._connection.recv_bytes())
        except (EOFError, OSError) as error:
            raise NotRunning("the launcher has gone") from error
        return answer


def _hand_out(connection: Connection, fd: int) -> None:
    """A descriptor of the same memory that cannot be written through."""
    read_only = os.open(f"/proc/self/fd/{fd}", os.O_RDONLY)
    try:
        reduction.send_handle(connection, read_only, 0)
    finally:
        os.close(read_only)
