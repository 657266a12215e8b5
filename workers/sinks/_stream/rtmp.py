"""RTMP as far as a publisher needs it (Adobe's specification 1.0).

FFmpeg has it too; but as PyAV opens it, all threads of the process stand still until the server answers, and
nothing ends the waiting for one that does not.
"""

import asyncio
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from workers.sinks._stream.amf import decoded, encoded

HANDSHAKE = 1536  # bytes
CHUNK = 4096  # bytes of a message in one piece, from us
LONGEST = 1 << 20  # bytes of a message from the server
SET_CHUNK, CONTROL, ACKNOWLEDGE_AFTER, BANDWIDTH, SOUND, PICTURE, DATA, COMMAND = 1, 4, 5, 6, 8, 9, 18, 20
PING, PONG = 6, 7
CHANNELS = {SOUND: 4, PICTURE: 6, DATA: 5, COMMAND: 3}
SESSION = 0  # the stream that is none yet
LATE = 0xFFFFFF  # ms from which on a time stands behind the header


class Refusal(ConnectionError):
    """The server does not want the stream."""

    def __init__(self, what: str) -> None:
        super().__init__(0, what)


@dataclass
class _Coming:
    """A message whose pieces come."""

    time: int = 0
    length: int = 0
    kind: int = 0
    late: bool = False
    data: bytearray = field(default_factory=bytearray)


class Publisher:
    """`publish` first; then `send` messages, while `listen` runs."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._chunk = 128  # bytes of a message in one piece, from the server
        self._coming: dict[int, _Coming] = {}
        self._stream = SESSION

    async def publish(self, app: str, place: str, key: str) -> None:
        """Up to the server's word that the stream may come; `place` is the address up to and with the app."""
        await self._shake_hands()
        self._message(SET_CHUNK, struct.pack(">I", CHUNK))
        client = {"app": app, "type": "nonprivate", "flashVer": "FMLE/3.0 (compatible)", "tcUrl": place}
        self._command("connect", 1, client)
        await self._until(lambda words: words[:2] == ["_result", 1.0])
        self._command("releaseStream", 2, None, key)
        self._command("FCPublish", 3, None, key)
        self._command("createStream", 4, None)
        self._stream = _number(await self._until(lambda words: words[:2] == ["_result", 4.0]))
        self._command("publish", 5, None, key, "live")
        await self._until(lambda words: words[0] == "onStatus" and "Start" in _status(words).get("code", ""))

    async def listen(self) -> None:
        """Answer what the server wants to know, until it leaves."""
        while True:
            await self._heard()

    async def send(self, kind: int, time: int, data: bytes) -> None:
        """SOUND, PICTURE or DATA at this time in ms."""
        self._message(kind, data, time)
        await self._writer.drain()

    async def _shake_hands(self) -> None:
        ours = bytes(8) + os.urandom(HANDSHAKE - 8)
        self._writer.write(b"\3" + ours)
        version, *_ = await self._reader.readexactly(1)
        if version != 3:
            raise Refusal("it does not speak RTMP")
        self._writer.write(await self._reader.readexactly(HANDSHAKE))
        await self._reader.readexactly(HANDSHAKE)

    def _command(self, *words: object) -> None:
        self._message(COMMAND, encoded(*words))

    def _message(self, kind: int, data: bytes, time: int = 0) -> None:
        """In pieces, the first with the whole header."""
        time &= 0xFFFFFFFF  # it comes round after 50 days
        channel, late = CHANNELS.get(kind, 2), struct.pack(">I", time) if time >= LATE else b""
        head = min(time, LATE).to_bytes(3, "big") + len(data).to_bytes(3, "big") + bytes([kind])
        stream = self._stream if kind in CHANNELS else SESSION
        pieces = [bytes([channel]) + head + stream.to_bytes(4, "little") + late + data[:CHUNK]]
        for begin in range(CHUNK, len(data), CHUNK):
            pieces.append(bytes([0xC0 | channel]) + late + data[begin : begin + CHUNK])
        self._writer.write(b"".join(pieces))

    async def _until(self, wanted: Callable[[list[Any]], bool]) -> list[Any]:
        """The server's words that are wanted. Raises Refusal where it says no."""
        while True:
            words = await self._heard()
            if words is None:
                continue
            if words[0] == "_error" and words[1:2] not in ([2.0], [3.0]):  # these two are a courtesy
                raise Refusal(f"it refuses: {_status(words).get('code', 'no reason given')}")
            if words[0] == "onStatus" and _status(words).get("level") == "error":
                raise Refusal(f"it refuses: {_status(words).get('code', 'no reason given')}")
            if wanted(words):
                return words

    async def _heard(self) -> list[Any] | None:
        """One message of the server; its words, if it is a command."""
        kind, data = await self._next()
        if kind == SET_CHUNK:
            self._chunk = max(1, int.from_bytes(data[:4], "big") & 0x7FFFFFFF)
        elif kind == BANDWIDTH:
            self._message(ACKNOWLEDGE_AFTER, data[:4])
        elif kind == CONTROL and int.from_bytes(data[:2], "big") == PING:
            self._message(CONTROL, struct.pack(">H", PONG) + data[2:6])
        elif kind == COMMAND:
            return decoded(data) or None
        return None

    async def _next(self) -> tuple[int, bytes]:
        """Pieces of several messages may come in turn, each with as much of a header as is new."""
        while True:
            first = (await self._reader.readexactly(1))[0]
            channel = first & 63
            if channel < 2:
                extra = await self._reader.readexactly(channel + 1)
                channel = 64 + int.from_bytes(extra, "little")
            message = self._coming.setdefault(channel, _Coming())
            await self._read_header(message, first >> 6)
            missing = message.length - len(message.data)
            message.data += await self._reader.readexactly(min(missing, self._chunk))
            if len(message.data) == message.length:
                data, message.data = bytes(message.data), bytearray()
                return message.kind, data

    async def _read_header(self, message: _Coming, form: int) -> None:
        head = await self._reader.readexactly((11, 7, 3, 0)[form])
        if form < 3:
            message.late = head[:3] == b"\xff\xff\xff"
        if form < 2:
            message.length, message.kind = int.from_bytes(head[3:6], "big"), head[6]
            if message.length > LONGEST:
                raise Refusal("it sends what is no RTMP")
        if message.late:
            await self._reader.readexactly(4)


def _number(words: list[Any]) -> int:
    """The stream that was made. Raises Refusal."""
    found = words[3] if len(words) > 3 else None
    if not isinstance(found, float) or not 0 <= found < 1 << 32:
        raise Refusal("it sends what is no RTMP")
    return int(found)


def _status(words: list[Any]) -> dict[str, Any]:
    found = words[3] if len(words) > 3 else None
    return found if isinstance(found, dict) else {}
