"""The stream to a server of somebody else, by RTMP: a server that is away is waited for, and said so once.
The key in the address is never said."""

import asyncio
import logging
import os
import socket
import ssl
import time
from typing import NamedTuple
from urllib.parse import urlsplit

from workers.audio._packets import AudioCodec
from workers.sinks._audience import Audience, TooMany
from workers.sinks._clients import PACKETS, Packet, VideoClient
from workers.sinks._send_buffer import keep_little
from workers.sinks._stream.flv import Tags
from workers.sinks._stream.regular_keys import with_keys
from workers.sinks._stream.rtmp import Publisher

LOG = logging.getLogger("workers.sinks.stream")
RETRY, LONGEST_RETRY = 0.5, 5.0  # seconds; doubled each time
PATIENCE = 5.0  # seconds for the server to answer, and to take what is sent
FIRST_PICTURE = 20.0  # seconds
PORTS = {"rtmp": 1935, "rtmps": 443}


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


class Push:
    """`run` goes on until it is cancelled."""

    def __init__(self, target: Target, audience: Audience, sound: AudioCodec | None) -> None:
        self._target, self._audience, self._sound = target, audience, sound
        self._said: str | None = None

    async def run(self) -> None:
        retry = RETRY
        while True:
            began = time.monotonic()
            try:
                await self._push()
            except* (OSError, ValueError, EOFError) as errors:
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
        tags = Tags(first.t_capture)
        for tag in tags.beginning(first.data, self._sound is not None):
            await publisher.send(*tag)
        async for shown in with_keys(client, self._audience):
            async with asyncio.timeout(PATIENCE):
                await publisher.send(*tags.of(shown))
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
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted ({error.verify_message})"
    if isinstance(error, ssl.SSLError | socket.gaierror):  # their numbers are not the system's
        return error.strerror or str(error)
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)
    return getattr(error, "strerror", None) or str(error)
