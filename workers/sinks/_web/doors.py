"""The doors: where connections come in, and where those leave that have nothing to say. Each costs a
descriptor, and the others need some too: who holds one without a word makes room for who comes."""

import asyncio
import logging
import socket
import ssl

from aiohttp import web

LOG = logging.getLogger("workers.sinks.web")
MOST = 512  # connections, with those of who only asks for pages and figures
MOST_GREETING = 64  # who has come by https, and whose TLS handshake is not done
GREETS_WITHIN = 10.0  # seconds for that handshake
SPEAKS_WITHIN = 30.0  # seconds without a request, the first or the next
BREATH = 1.0  # seconds until it is tried again to let somebody in, where the system has nothing left for that


class Doors:
    """Of one aiohttp server, to which it brings the connections of all its ports."""

    def __init__(self, server: web.Server) -> None:
        self._server, self._handle = server, server.request_handler
        server.request_handler = self._serve
        self._served: set[web.RequestHandler] = set()
        self._silent: dict[web.RequestHandler, None] = {}  # who has been so for longest is first
        self._listening: list[socket.socket] = []
        self._accepting: list[asyncio.Task[None]] = []
        self._greeting: dict[asyncio.Task[None], None] = {}  # the oldest first

    def open(self, host: str, port: int, context: ssl.SSLContext | None) -> None:
        """Raises OSError."""
        listening = socket.create_server((host, port), backlog=128)
        listening.setblocking(False)
        self._listening.append(listening)
        self._accepting.append(asyncio.create_task(self._accept(listening, context)))

    def close(self) -> None:
        for task in (*self._accepting, *self._greeting):
            task.cancel()
        for listening in self._listening:
            listening.close()

    async def _accept(self, listening: socket.socket, context: ssl.SSLContext | None) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(listening)
            except ConnectionError:
                continue  # he has left already
            except OSError as error:
                LOG.error("nobody can be let in: %s; who has been silent for longest leaves", error)
                self._make_room(len(self._server.connections) - 1)
                await asyncio.sleep(BREATH)
                continue
            greeting = asyncio.create_task(self._let_in(connection, context))
            self._greeting[greeting] = None
            greeting.add_done_callback(self._greeting.pop)
            if len(self._greeting) > MOST_GREETING:
                next(iter(self._greeting)).cancel()
            await asyncio.sleep(0)  # those who are in have their turn, too

    async def _let_in(self, connection: socket.socket, context: ssl.SSLContext | None) -> None:
        within = GREETS_WITHIN if context else None
        try:
            _, protocol = await asyncio.get_running_loop().connect_accepted_socket(
                self._server, connection, ssl=context, ssl_handshake_timeout=within
            )
        except OSError:
            return  # he has left, is too slow, or speaks no TLS
        if protocol not in self._served:
            self._silent.setdefault(protocol)
        self._make_room(MOST)

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """While this goes on somebody has something to say, or is told something."""
        protocol = request.protocol
        self._silent.pop(protocol, None)
        self._served.add(protocol)
        try:
            return await self._handle(request)
        finally:
            self._served.remove(protocol)
            self._silent[protocol] = None

    def _make_room(self, most: int) -> None:
        """Who has been silent for longest leaves; where nobody is silent the newest."""
        self._silent = {protocol: None for protocol in self._silent if protocol.connected}
        inside = [protocol for protocol in self._server.connections if protocol.connected]
        for protocol in [*self._silent, *reversed(inside)][: max(0, len(inside) - most)]:
            protocol.force_close()
