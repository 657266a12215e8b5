"""Many who watch over WebSockets and do no more than read.

python -m scripts.web_paths.clients PORT COUNT SECONDS [BYTES_PER_SECOND] prints one JSON object: of each
client its distinct frames a second and their ages in ms when they had come whole. One more client reads only
so many bytes a second, if that is given.
"""

import base64
import json
import os
import selectors
import socket
import sys
import time

from workers.sinks._web.viewing import HEADER

ROOM = 1 << 16  # bytes at a time
WARM_UP = 3.0  # seconds
LENGTH_BYTES = {126: 2, 127: 8}
BINARY, PING = 2, 9  # opcodes
TURN = 0.005  # seconds; how often the slow one reads its share


class Watcher:
    """One connection. Only the head of each message is looked at."""

    def __init__(self, port: int, bytes_per_second: float | None = None) -> None:
        self.slow = bytes_per_second
        self.end = socket.socket()
        if self.slow:
            self.end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOM)
        self.end.connect(("127.0.0.1", port))
        key = base64.b64encode(os.urandom(16)).decode()
        self.end.sendall(
            f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        reply = b""
        while not reply.endswith(b"\r\n\r\n"):
            reply += self.end.recv(1)
        self.end.setblocking(False)
        self._room, self._head, self._left = memoryview(bytearray(ROOM)), bytearray(), 0
        self.frames: list[tuple[int, float]] = []

    def read(self, most: int = ROOM) -> int:
        """What there is, at most so much. Returns how much it was."""
        try:
            got = self.end.recv_into(self._room[:most])
        except BlockingIOError:
            return 0
        if got == 0:
            raise ConnectionError("the server has closed")
        at = 0
        while at < got:
            at += self._take(self._room[at:got])
        return got

    def _take(self, data: memoryview) -> int:
        """Of this the next piece: of a head or of a message's rest."""
        if self._left:
            used = min(self._left, len(data))
            self._left -= used
            if not self._left:
                self._whole()
            return used
        used = min(self._wanted() - len(self._head), len(data))
        self._head += data[:used]
        if len(self._head) == self._wanted():
            head, after = self._head, 2 + LENGTH_BYTES.get(self._head[1] & 127, 0)
            length = int.from_bytes(head[2:after], "big") if after > 2 else head[1] & 127
            self._opcode, self._info = head[0] & 15, bytes(head[after:])
            self._left = length - len(self._info)
            self._head = bytearray()
            if not self._left:
                self._whole()
        return used

    def _wanted(self) -> int:
        """How long the head is, as far as that can be told: WebSocket's (RFC 6455, 5.2), then a picture's."""
        if len(self._head) < 2:
            return 2
        size = 2 + LENGTH_BYTES.get(self._head[1] & 127, 0)
        return size + (HEADER.size if self._head[0] & 15 == BINARY else 0)

    def _whole(self) -> None:
        if len(self._info) == HEADER.size:
            seq, t_capture, _, _ = HEADER.unpack(self._info)
            if seq:
                self.frames.append((seq, (time.perf_counter_ns() - t_capture) / 1e6))
        elif self._opcode == PING:
            self.end.sendall(b"\x8a\x80\0\0\0\0")  # pong


def main(port: int, count: int, seconds: float, slow: float | None) -> None:
    watchers = [Watcher(port) for _ in range(count)]
    late = Watcher(port, slow) if slow else None
    selector = selectors.DefaultSelector()
    for watcher in watchers:
        selector.register(watcher.end, selectors.EVENT_READ, watcher)
    begin = time.perf_counter()
    allowed, last, warm = 0.0, begin, False
    while (now := time.perf_counter()) < begin + WARM_UP + seconds:
        if not warm and now > begin + WARM_UP:
            warm = True
            for watcher in [*watchers, *([late] if late else [])]:
                watcher.frames.clear()
        for key, _ in selector.select(TURN):
            key.data.read()
        if late and slow:
            allowed, last = min(allowed + (now - last) * slow, slow * 4 * TURN), now
            while allowed >= 1 and (got := late.read(min(ROOM, int(allowed)))):
                allowed -= got
    print(
        json.dumps(
            {
                "fps": [len({seq for seq, _ in watcher.frames}) / seconds for watcher in watchers],
                "ages_ms": [age for watcher in watchers for _, age in watcher.frames],
                "slow_ages_ms": [age for _, age in late.frames] if late else [],
            }
        )
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4]) if sys.argv[4:] else None)
