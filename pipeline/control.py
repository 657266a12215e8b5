"""The control queue: messages between the launcher and one worker, over a socketpair made for one start.

A message is a JSON object of at most 64 KB behind four bytes of length; segments travel beside it as
descriptors. Nothing here ever blocks: what the socket does not take waits in a bounded queue at the sender.
Of messages with the same key (a setting) only the last stays queued. Logs are dropped when the queue is
full, and counted; anything else that finds it full means that the other side no longer reads.
"""

import json
import os
import socket
import struct
import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from shm.wake import quick_pair

Message = dict[str, Any]
MAX_BYTES = 64 * 1024
MAX_QUEUED = 256
MOST_READ = 16 * MAX_BYTES  # at once
_LENGTH = struct.Struct("<I")
_HAS_DESCRIPTORS = hasattr(socket, "send_fds")  # elsewhere segments are known by name


FROM_WORKERS: dict[str, dict[str, type]] = {
    "log": {"level": int, "time": float, "text": str},
    "ready": {},
    "too_large": {"ring": str, "nbytes": int},
    "corrupt": {"ring": str},
    "away": {},  # a source has lost what it captures
    "looking": {"rings": list},  # a sink: which of those that it reads somebody looks at; none: nobody
    "again": {},  # a sink: somebody new looks, who needs a frame that stands for itself
    "set": {"section": str, "key": str, "value": object},  # a live setting that it sees, for all
    "quit": {"why": str},
}
"""What a worker may say: kind → fields."""


class ControlError(Exception):
    """The other side sends what is no message, or has long stopped reading."""


@dataclass
class _Queued:
    data: memoryview
    fds: list[int]
    key: str | None
    begun: bool = False


class Channel:
    """One end. `fileno()` is readable when `receive()` has something; `closed` once the other end is gone."""

    def __init__(self, end: socket.socket, *, takes_descriptors: bool = True) -> None:
        end.setblocking(False)
        self._takes_descriptors = takes_descriptors and _HAS_DESCRIPTORS
        self._end = end
        self._lock = threading.RLock()  # log lines come from all of a worker's threads
        self._queue: list[_Queued] = []
        self._received = bytearray()
        self._fds: list[int] = []
        self.closed = False
        self._dropped_logs = 0

    @classmethod
    def pair(cls) -> tuple["Channel", socket.socket]:
        """The launcher's end, and the socket that a starting worker gets."""
        ours, theirs = quick_pair()
        return cls(ours, takes_descriptors=False), theirs  # workers have none to send

    def fileno(self) -> int:
        return self._end.fileno()

    def take_dropped_logs(self) -> int:
        """How many logs were dropped since the last call; 0 while there is no room to say so."""
        if len(self._queue) >= MAX_QUEUED:
            return 0
        dropped, self._dropped_logs = self._dropped_logs, 0
        return dropped

    def send(self, message: Message, fds: Sequence[int] = (), key: str | None = None) -> None:
        """Queue a message and send what the socket takes now. Raises ControlError when the queue is full."""
        data = json.dumps({**message, "fds": len(fds)}).encode()
        if len(data) > MAX_BYTES:
            raise ControlError(f"a {message['kind']} message of {len(data)} bytes; at most {MAX_BYTES} fit")
        with self._lock:
            self._enqueue(
                _Queued(memoryview(_LENGTH.pack(len(data)) + data), list(fds), key), message["kind"]
            )
            self.flush()

    def _enqueue(self, queued: _Queued, kind: str) -> None:
        if queued.key is not None:
            self._withdraw(queued.key)
        if len(self._queue) >= MAX_QUEUED and kind == "log":
            self._dropped_logs += 1
            return
        if len(self._queue) >= 2 * MAX_QUEUED:  # room that logs cannot fill
            raise ControlError(f"{len(self._queue)} messages are waiting; the other side has stopped reading")
        queued.fds[:] = [os.dup(fd) for fd in queued.fds]  # the sender may close its own
        self._queue.append(queued)

    def flush(self) -> None:
        """Send what the socket takes. A closed other end is noted in `closed`, not raised."""
        with self._lock:
            try:
                while self._queue:
                    self._send_some(self._queue[0])
                    if not self._queue[0].data:
                        self._queue.pop(0)
            except BlockingIOError:
                return  # the rest waits
            except ConnectionError:
                self._give_up()

    def receive(self) -> list[tuple[Message, list[int]]]:
        """The whole messages that have come, each with its descriptors (the caller's to close). Raises
        ControlError at what is no message, once those before it have been handed out."""
        self._read_some()
        messages: list[tuple[Message, list[int]]] = []
        try:
            while len(self._received) >= _LENGTH.size:
                (length,) = _LENGTH.unpack_from(self._received)
                if length > MAX_BYTES:
                    raise ControlError(f"a message of {length} bytes; at most {MAX_BYTES} are allowed")
                if len(self._received) < _LENGTH.size + length:
                    break
                message = _parsed(bytes(self._received[_LENGTH.size : _LENGTH.size + length]))
                del self._received[: _LENGTH.size + length]
                count = message.pop("fds")
                messages.append((message, self._fds[:count]))
                del self._fds[:count]
        except ControlError:
            if not messages:
                raise
        return messages

    def close(self) -> None:
        self._give_up()
        for fd in self._fds:
            os.close(fd)
        self._fds.clear()
        self._end.close()

    def _send_some(self, queued: _Queued) -> None:
        if queued.fds:
            sent = socket.send_fds(self._end, [queued.data], queued.fds)
            _close_all(queued)
        else:
            sent = self._end.send(queued.data)
        queued.begun, queued.data = True, queued.data[sent:]

    def _withdraw(self, key: str) -> None:
        """What is queued under this key, unless its first bytes have gone."""
        for queued in self._queue:
            if queued.key == key and not queued.begun:
                _close_all(queued)
        self._queue = [queued for queued in self._queue if queued.key != key or queued.begun]

    def _read_some(self) -> None:
        """All that a socket holds, and not for ever what somebody pours into it."""
        try:
            while len(self._received) < MOST_READ:
                if self._takes_descriptors:
                    data, fds, _, _ = socket.recv_fds(self._end, MAX_BYTES, 16)
                    self._fds.extend(fds)
                else:
                    data = self._end.recv(MAX_BYTES)
                if not data:
                    self.closed = True
                    return
                self._received += data
        except BlockingIOError:
            return  # that was all
        except ConnectionError:
            self.closed = True

    def _give_up(self) -> None:
        """The other side is gone, and with it whoever the queued messages were for."""
        self.closed = True
        for queued in self._queue:
            _close_all(queued)
        self._queue.clear()


def _parsed(data: bytes) -> Message:
    try:
        message = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ControlError(f"{type(error).__name__}: {error}") from error
    if (
        not isinstance(message, dict)
        or not isinstance(message.get("kind"), str)
        or not isinstance(message.get("fds"), int)
    ):
        raise ControlError(f"{data[:100]!r}")
    return message


def _close_all(queued: _Queued) -> None:
    for fd in queued.fds:
        os.close(fd)
    queued.fds.clear()


def is_sound(message: Message, rings: Collection[str], written: Collection[str]) -> bool:
    """It is one of those that a worker sends, and speaks of no ring that is not this worker's business."""
    fields = FROM_WORKERS.get(message["kind"])
    if fields is None or not fields.keys() <= message.keys():
        return False
    if not all(isinstance(message[name], kind) for name, kind in fields.items()):
        return False
    return "ring" not in fields or message["ring"] in (written if message["kind"] == "too_large" else rings)
