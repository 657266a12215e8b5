"""A limit for connections: each costs a descriptor, and the others need some too."""

import asyncio

from aiohttp import web


class Doors:
    """Makes the protocol of each connection, like the aiohttp server that it stands before."""

    def __init__(self, server: web.Server, most: int) -> None:
        self._server, self._most = server, most

    def __call__(self) -> asyncio.Protocol:
        return _Refusal() if len(self._server.connections) >= self._most else self._server()


class _Refusal(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()
