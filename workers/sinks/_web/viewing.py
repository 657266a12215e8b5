"""What is looked at over HTTP: pictures and video over a WebSocket, MJPEG, snapshots."""

import asyncio
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import WSMsgType, web

from workers.sinks._audience import Audience, NotAdmitted, TooMany
from workers.sinks._clients import PACKETS, PICTURE, Client, Packet, Picture, VideoClient
from workers.sinks._send_buffer import PATIENCE, keep_little
from workers.sinks._web.gate import FRESH

REPEAT = 0.5  # seconds; an MJPEG client sees a picture only when the next begins, so a still one is repeated
TOO_SLOW, FULL, NO_VIDEO = 4008, 4013, 4015  # WebSocket close codes
HEADER = struct.Struct("<QQQB")  # seq, capture time, time of sending (ns of one clock), flags
STALE, KEY, EYES_AT = 1, 2, 2  # flags, and how many bits lie below those of eyes.py


class Viewing:
    """The handlers. A client gets the next picture only when the last has left this machine; for that the
    socket must not buffer much (TCP_NOTSENT_LOWAT: 70 ms instead of 1.2 s for a client that is too slow), and
    neither must we."""

    def __init__(self, audience: Audience) -> None:
        self._audience = audience

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/ws", self._websocket),
            web.get("/stream.mjpg", self._mjpeg),
            web.get("/snapshot.jpg", self._snapshot),
        ]

    async def _websocket(self, request: web.Request) -> web.StreamResponse:
        """Binary messages: HEADER and a JPEG each, with `?format=h264` a packet; a header alone when only its
        flags have changed. A text message is a word for the page: "recentre". The client may send "key" when
        it has to begin anew; all else is thrown away."""
        video = request.query.get("format") == "h264"
        if video:
            return await watched(request, self._audience, ("video", PACKETS), self._send)
        return await watched(request, self._audience, ("websocket", PICTURE), self._send)

    async def _send(self, ws: web.WebSocketResponse, client: Client[Any]) -> None:
        while not client.gone:
            shown = await client.next()
            async with asyncio.timeout(PATIENCE):
                while client.words:
                    await ws.send_str(client.words.popleft())
                if not client.gone:
                    await ws.send_bytes(self._message(shown))

    def _message(self, shown: Picture | Packet | None) -> bytes:
        flags = STALE * self._audience.stale
        if shown is None:
            return HEADER.pack(0, 0, time.perf_counter_ns(), flags)
        data = shown.jpeg if isinstance(shown, Picture) else shown.data
        flags |= KEY * (isinstance(shown, Packet) and shown.key) | shown.eyes << EYES_AT
        return HEADER.pack(shown.seq, shown.t_capture, time.perf_counter_ns(), flags) + data

    async def _mjpeg(self, request: web.Request) -> web.StreamResponse:
        """multipart/x-mixed-replace; a browser shows a picture when the next boundary has come, so that is
        sent right behind it."""
        async with self._entered("mjpeg") as client:
            response = web.StreamResponse(
                headers={"Content-Type": "multipart/x-mixed-replace; boundary=picture", **FRESH}
            )
            await response.prepare(request)
            keep_little(request.transport)
            part = b"--picture\r\nContent-Type: image/jpeg\r\n\r\n"
            try:
                await response.write(part)
                while True:
                    picture = await client.next(REPEAT) or self._audience.picture
                    if picture is not None:
                        async with asyncio.timeout(PATIENCE):
                            await response.write(picture.jpeg + b"\r\n" + part)
            except ConnectionError:
                pass  # he has left
            except TimeoutError:
                _cut_off(request)
        return response

    async def _snapshot(self, request: web.Request) -> web.StreamResponse:
        async with self._entered("snapshot") as client:
            picture = await client.next(3.0) or self._audience.picture
        if picture is None:
            raise web.HTTPServiceUnavailable(text="There is no picture yet.\n")
        return web.Response(body=picture.jpeg, content_type="image/jpeg", headers=FRESH)

    @asynccontextmanager
    async def _entered(self, kind: str) -> AsyncIterator[Client[Picture]]:
        try:
            client = self._audience.enter(kind, PICTURE)
        except NotAdmitted as error:
            raise web.HTTPServiceUnavailable(text=f"{error}\n") from error
        try:
            yield client
        finally:
            self._audience.leave(client)


async def watched(
    request: web.Request,
    audience: Audience,
    entry: tuple[Any, ...],
    send: Callable[[web.WebSocketResponse, Any], Awaitable[None]],
) -> web.WebSocketResponse:
    """A WebSocket whose client enters with `entry`, gets what `send` sends, and is sent away when a message
    takes longer than PATIENCE."""
    ws = web.WebSocketResponse(heartbeat=5.0, max_msg_size=4096, compress=False)
    await ws.prepare(request)
    keep_little(request.transport)
    try:
        client = audience.enter(*entry)
    except NotAdmitted as error:
        code = FULL if isinstance(error, TooMany) else NO_VIDEO
        await ws.close(code=code, message=str(error).encode())
        return ws
    reading = asyncio.ensure_future(_read_until_it_leaves(ws, client))
    try:
        await send(ws, client)
    except ConnectionError:
        pass  # he has left
    except TimeoutError:
        await _send_away(request, ws)
    finally:
        audience.leave(client)
        reading.cancel()
    return ws


async def _read_until_it_leaves(ws: web.WebSocketResponse, client: Client[Any]) -> None:
    """Until the client leaves."""
    async for message in ws:
        if message.type in (WSMsgType.ERROR, WSMsgType.CLOSE):
            break
        if message.data == "key" and isinstance(client, VideoClient):
            client.lost()
    client.leave()


async def _send_away(request: web.Request, ws: web.WebSocketResponse) -> None:
    """He may come back; what is on its way to him does not count for the others."""
    try:
        async with asyncio.timeout(0.1):
            await ws.close(
                code=TOO_SLOW, message=f"too slow: a picture took over {PATIENCE:g} s".encode(), drain=False
            )
    except (TimeoutError, ConnectionError):
        pass
    finally:
        _cut_off(request)


def _cut_off(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
