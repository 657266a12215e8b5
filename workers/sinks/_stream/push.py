"""The stream to a server of somebody else, by RTMP: a server that is away is waited for, and said so once.
The key in the address is never said."""

import asyncio
import logging
import os
import time
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

from av.error import FFmpegError

from workers.audio._packets import AudioCodec
from workers.sinks._audience import PACKETS, Audience, Packet, TooMany, VideoClient
from workers.sinks._container import Container
from workers.sinks._send_buffer import keep_little
from workers.sinks._stream.amf import encoded
from workers.sinks._stream.rtmp import DATA, Publisher
from workers.sinks._video_codecs import H264

LOG = logging.getLogger("workers.sinks.stream")
RETRY, LONGEST_RETRY = 0.5, 5.0  # seconds; doubled each time
PATIENCE = 5.0  # seconds for the server to answer, and to take what is sent
FIRST_PICTURE = 20.0  # seconds
KEYS_EVERY = 2.0  # seconds; who looks by way of the server can begin at none but these
PORTS = {"rtmp": 1935, "rtmps": 443}
MUXER = {"flvflags": "no_duration_filesize", "flush_packets": "1"}
HEAD, TAG = 9 + 4, 11  # bytes before the first tag, and of a tag's own head


class Target(NamedTuple):
    """Where to. `name` is what may be said of it."""

    scheme: str
    host: str
    port: int
    app: str
    key: str

    @property
    def name(self) -> str:
        return f"{self.scheme}://{self.host}"

    @property
    def place(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}/{self.app}"


def target_of(url: str) -> Target:
    """Raises ValueError, without naming the key."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("this is no address (its key is not shown)") from None
    if parts.scheme == "srt":
        raise ValueError("FFmpeg, as PyAV brings it, has no SRT; push by RTMP (rtmp://, rtmps://)")
    app, _, key = parts.path.lstrip("/").partition("/")
    if parts.scheme not in PORTS or not parts.hostname or not app or not key:
        raise ValueError("what is pushed to has an address like rtmp://HOST/APP/KEY or rtmps://HOST/APP/KEY")
    key += f"?{parts.query}" if parts.query else ""
    return Target(parts.scheme, parts.hostname, port or PORTS[parts.scheme], app, key)


class Tags:
    """What the muxer for FLV writes, taken apart into the messages of RTMP."""

    def __init__(self) -> None:
        self._data, self._begun = bytearray(), False

    def write(self, data: bytes) -> int:
        self._data += data
        return len(data)

    def take(self) -> Iterator[tuple[int, int, bytes]]:
        """Kind, time in ms and data of those that are whole."""
        if not self._begun and len(self._data) >= HEAD:
            del self._data[:HEAD]
            self._begun = True
        while self._begun and len(self._data) >= TAG:
            size = int.from_bytes(self._data[1:4], "big")
            if len(self._data) < TAG + size + 4:
                return
            kind, time_ms = self._data[0], int.from_bytes(self._data[4:7], "big") | self._data[7] << 24
            data = bytes(self._data[TAG : TAG + size])
            del self._data[: TAG + size + 4]
            yield kind, time_ms, encoded("@setDataFrame") + data if kind == DATA else data


class Push:
    """`run` goes on until it is cancelled."""

    def __init__(self, target: Target, audience: Audience, sound: AudioCodec | None, stereo: str) -> None:
        self._target, self._audience, self._sound, self._stereo = target, audience, sound, stereo
        self._said: str | None = None

    async def run(self) -> None:
        retry = RETRY
        while True:
            began = time.monotonic()
            try:
                await self._push()
            except* (FFmpegError, OSError, ValueError, EOFError) as errors:
                self._say(logging.ERROR, f"{why(errors.exceptions[0])}; it goes on when it can")
            retry = RETRY if time.monotonic() - began > LONGEST_RETRY else min(2 * retry, LONGEST_RETRY)
            await asyncio.sleep(retry)

    async def _push(self) -> None:
        """Until something goes wrong. Pictures are made for the server once it wants them."""
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection(
                self._target.host, self._target.port, ssl=self._target.scheme == "rtmps" or None
            )
        try:
            keep_little(writer.transport)
            publisher = Publisher(reader, writer)
            async with asyncio.timeout(PATIENCE):
                await publisher.publish(self._target.app, self._target.place, self._target.key)
            async with asyncio.TaskGroup() as both:
                both.create_task(publisher.listen())
                both.create_task(self._carry(publisher))
        finally:
            writer.transport.abort()

    async def _carry(self, publisher: Publisher) -> None:
        try:
            client: VideoClient = self._audience.enter("push", PACKETS, self._sound)
        except TooMany as error:
            raise ValueError(str(error)) from error
        try:
            first = await client.waiting(FIRST_PICTURE)
            if first is None:
                raise ValueError("there is no picture to push")
            await self._send(publisher, client, first)
        finally:
            self._audience.leave(client)

    async def _send(self, publisher: Publisher, client: VideoClient, first: Packet) -> None:
        tags = Tags()
        into = {"stereo": self._stereo, "sound": self._sound, "options": MUXER}
        container = Container(tags, "flv", H264, first.data, **into)  # type: ignore[arg-type]
        began = time.monotonic()
        while True:
            shown = await client.next()
            if isinstance(shown, Packet):
                container.picture(shown.data, shown.t_capture, shown.key)
                if shown.key:
                    began = time.monotonic()
                elif time.monotonic() - began > KEYS_EVERY:
                    self._audience.want_key()
            elif shown is not None:
                container.hear(shown.data, shown.t_capture)
            for tag in tags.take():
                async with asyncio.timeout(PATIENCE):
                    await publisher.send(*tag)
                self._say(logging.INFO, "has the picture")

    def _say(self, level: int, what: str) -> None:
        """If it is new; a server that is away is away at each try."""
        if what != self._said:
            self._said = what
            LOG.log(level, "stream.push: %s: %s", self._target.name, what)


def why(error: BaseException) -> str:
    """In words, and without the address."""
    if isinstance(error, BaseExceptionGroup):
        return why(error.exceptions[0])
    if isinstance(error, TimeoutError):
        return "does not answer"
    if isinstance(error, asyncio.IncompleteReadError):
        return "has hung up"
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)
    return getattr(error, "strerror", None) or str(error)
