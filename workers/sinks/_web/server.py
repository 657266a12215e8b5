"""The web server: a thread with its own event loop. It knows encoded pictures and clients, not rings.

A client is always sent the newest picture and never an old one: it gets the next only when the last has left
this machine. For that the socket must not buffer much (TCP_NOTSENT_LOWAT: 70 ms instead of 1.2 s for a client
that is too slow), and neither must we.
"""

import asyncio
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import WSMsgType, web

from workers.house import House
from workers.sinks._web.gate import Gate, addresses
from workers.sinks._web.panel import Panel

PAGE = Path(__file__).parent / "page.html"
LOWAT = 16 * 1024  # bytes
REPEAT = 0.5  # seconds; an MJPEG client sees a picture only when the next begins, so a still one is repeated
MOST_CLIENTS = 32
FRESH = {"Cache-Control": "no-store"}
HEADER = struct.Struct("<QQQB")  # seq, capture time, time of sending (ns of one clock), stale
_NOTSENT_LOWAT = getattr(socket, "TCP_NOTSENT_LOWAT", 25 if sys.platform == "linux" else None)


@dataclass(frozen=True)
class Picture:
    """A JPEG and what is known of it."""

    jpeg: bytes
    seq: int
    t_capture: int


@dataclass(eq=False)
class Client:
    """Somebody who looks. `fresh` is set when there is a picture that he has not got."""

    kind: str
    fresh: asyncio.Event = field(default_factory=asyncio.Event)
    sent: int = 0
    skipped: int = 0
    last_seq: int = 0


class Server:
    """Started in `open`, told of pictures by `show`, from the worker's thread."""

    def __init__(
        self, port: int, lan: bool, looking: Callable[[bool], None], house: House | None = None
    ) -> None:
        """`looking(True)` is called, from the server's thread, when the first client comes, and False when
        the last has left."""
        self.gate = Gate(lan)
        self._panel = Panel(house, self._links) if house is not None else None
        self._port, self._bind, self._looking = port, "0.0.0.0" if lan else "127.0.0.1", looking
        self._clients: set[Client] = set()
        self._picture: Picture | None = None
        self._stale = False  # the source is away; a frame that was under way may come after that was said
        self._started = time.monotonic()
        self._shown = 0
        self._problem: OSError | None = None

    def open(self) -> None:
        """Raises OSError when the port is taken."""
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="web", daemon=True)
        self._thread.start()
        ready.wait()
        if self._problem is not None:
            raise self._problem

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(1.0)

    def show(self, picture: Picture) -> None:
        self._loop.call_soon_threadsafe(self._show, picture)

    def mark_stale(self, stale: bool) -> None:
        self._loop.call_soon_threadsafe(self._mark_stale, stale)

    def _run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._start())
        except OSError as error:
            self._problem = error
            return
        finally:
            ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(self._runner.cleanup())

    async def _start(self) -> None:
        app = web.Application(middlewares=[self.gate.check])
        app.add_routes(
            [
                web.get("/", self._page),
                web.get("/ws", self._websocket),
                web.get("/stream.mjpg", self._mjpeg),
                web.get("/snapshot.jpg", self._snapshot),
                web.get("/state", self._state),
                web.get("/metrics", self._metrics),
            ]
        )
        if self._panel is not None:
            app.add_routes(self._panel.routes())
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._bind, self._port).start()

    def _show(self, picture: Picture) -> None:
        self._picture, self._shown = picture, self._shown + 1
        for client in self._clients:
            if client.fresh.is_set():
                client.skipped += 1
            client.fresh.set()

    def _mark_stale(self, stale: bool) -> None:
        self._stale = stale
        if self._picture is not None:
            for client in self._clients:
                client.fresh.set()

    async def _page(self, request: web.Request) -> web.StreamResponse:
        return web.Response(body=PAGE.read_bytes(), content_type="text/html", headers=FRESH)

    async def _websocket(self, request: web.Request) -> web.StreamResponse:
        """Binary messages: HEADER and a JPEG each. What the client sends is read and thrown away."""
        self._limit()
        ws = web.WebSocketResponse(heartbeat=5.0, max_msg_size=4096, compress=False)
        await ws.prepare(request)
        keep_little(request)
        client = self._enter("websocket")
        reading = asyncio.ensure_future(_read(ws))
        try:
            while not ws.closed:
                picture = await self._next(client, reading)
                if picture is None:
                    break
                now = time.perf_counter_ns()
                header = HEADER.pack(picture.seq, picture.t_capture, now, self._stale)
                await ws.send_bytes(header + picture.jpeg)
        except ConnectionError:
            pass  # he has left
        finally:
            reading.cancel()
            self._leave(client)
        return ws

    async def _mjpeg(self, request: web.Request) -> web.StreamResponse:
        """multipart/x-mixed-replace; a browser shows a picture when the next boundary has come, so that is
        sent right behind it."""
        self._limit()
        response = web.StreamResponse(
            headers={
                "Content-Type": "multipart/x-mixed-replace; boundary=picture",
                "Cache-Control": "no-store",
            }
        )
        await response.prepare(request)
        keep_little(request)
        client = self._enter("mjpeg")
        part = b"--picture\r\nContent-Type: image/jpeg\r\n\r\n"
        try:
            await response.write(part)
            while True:
                picture = await self._next(client, None, REPEAT) or self._picture
                if picture is not None:
                    await response.write(picture.jpeg + b"\r\n" + part)
        except ConnectionError:
            pass  # he has left
        finally:
            self._leave(client)
        return response

    async def _snapshot(self, request: web.Request) -> web.StreamResponse:
        self._limit()
        client = self._enter("snapshot")
        try:
            picture = await self._next(client, None, 3.0) or self._picture
        finally:
            self._leave(client)
        if picture is None:
            raise web.HTTPServiceUnavailable(text="There is no picture yet.\n")
        return web.Response(body=picture.jpeg, content_type="image/jpeg", headers=FRESH)

    async def _state(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(self.figures(), headers=FRESH)

    async def _metrics(self, request: web.Request) -> web.StreamResponse:
        """The same figures for Prometheus."""
        figures = self.figures()
        lines = [
            f"stereoring_web_clients {len(figures['clients'])}",
            f"stereoring_web_pictures_total {figures['pictures']}",
            f"stereoring_web_stale {int(figures['stale'])}",
            f"stereoring_web_sent_total {figures['sent']}",
            f"stereoring_web_skipped_total {figures['skipped']}",
        ]
        return web.Response(text="\n".join(lines) + "\n", content_type="text/plain")

    def figures(self) -> dict[str, Any]:
        picture = self._picture
        return {
            "uptime_s": round(time.monotonic() - self._started, 1),
            "pictures": self._shown,
            "seq": picture.seq if picture else 0,
            "stale": picture is None or self._stale,
            "age_ms": (time.perf_counter_ns() - picture.t_capture) / 1e6 if picture else None,
            "sent": sum(client.sent for client in self._clients),
            "skipped": sum(client.skipped for client in self._clients),
            "clients": [
                {"kind": client.kind, "sent": client.sent, "skipped": client.skipped}
                for client in self._clients
            ],
        }

    def _links(self) -> list[str]:
        """Where other devices can look; none while only this machine may."""
        token = self.gate.token
        return [f"http://{address}:{self._port}/?token={token}" for address in addresses()] if token else []

    def _limit(self) -> None:
        if len(self._clients) >= MOST_CLIENTS:
            raise web.HTTPServiceUnavailable(text=f"{MOST_CLIENTS} are looking already.\n")

    def _enter(self, kind: str) -> Client:
        client = Client(kind)
        self._clients.add(client)
        if len(self._clients) == 1:
            self._looking(True)
        if self._picture is not None and kind != "snapshot":
            client.fresh.set()  # whatever there is, until a newer one comes
        return client

    def _leave(self, client: Client) -> None:
        self._clients.discard(client)
        if not self._clients:
            self._looking(False)

    async def _next(
        self, client: Client, reading: "asyncio.Future[None] | None", timeout: float | None = None
    ) -> Picture | None:
        """The newest picture when there is one that this client has not got; None when he has left or the
        time is up."""
        waiting = asyncio.ensure_future(client.fresh.wait())
        try:
            events: set[asyncio.Future[Any]] = {waiting, reading} if reading else {waiting}
            await asyncio.wait(events, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        if not client.fresh.is_set() or (reading is not None and reading.done()):
            return None
        client.fresh.clear()
        client.sent += 1
        return self._picture


async def _read(ws: web.WebSocketResponse) -> None:
    """Until the client leaves."""
    async for message in ws:
        if message.type in (WSMsgType.ERROR, WSMsgType.CLOSE):
            return


def keep_little(request: web.Request) -> None:
    """Have a picture leave our buffers before the next is chosen."""
    transport = request.transport
    if transport is None:
        return
    transport.set_write_buffer_limits(high=0)
    connection = transport.get_extra_info("socket")
    if connection is not None and _NOTSENT_LOWAT is not None:
        connection.setsockopt(socket.IPPROTO_TCP, _NOTSENT_LOWAT, LOWAT)
    elif connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 256 * 1024)
