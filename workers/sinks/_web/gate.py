"""Who may look: only this machine, unless the user opens the door; then whoever has the token.

The Host header is checked, so that a foreign page cannot reach a server on this machine through a name of
its own that points here (DNS rebinding); and the Origin of a WebSocket, which browsers let any page open.
"""

import hmac
import ipaddress
import os
import secrets
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

import psutil
from aiohttp import web

COOKIE = "stereoring_token"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Gate:
    """An aiohttp middleware. `token` is None where only this machine can connect at all."""

    def __init__(self, lan: bool) -> None:
        self.token = view_token() if lan else None
        self._hosts = {"localhost", "127.0.0.1", "::1"}
        if lan:
            self._hosts |= {socket.gethostname().lower(), f"{socket.gethostname().lower()}.local"}
            self._hosts |= set(addresses())

    @web.middleware
    async def check(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if host_of(request.headers.get("Host", "")) not in self._hosts:
            raise web.HTTPForbidden(text="This name is not this machine's.\n")
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != request.headers["Host"]:
            raise web.HTTPForbidden(text="Another page may not look.\n")
        if self.token is not None and not is_loopback(request.remote) and not self._has_token(request):
            raise web.HTTPUnauthorized(text="The token is missing; use the address that the program shows.\n")
        response: web.StreamResponse = await handler(request)
        if self.token is not None and request.query.get("token") == self.token and not response.prepared:
            response.set_cookie(COOKIE, self.token, httponly=True, samesite="Strict", max_age=365 * 86400)
        return response

    def _has_token(self, request: web.Request) -> bool:
        shown = request.query.get("token") or request.cookies.get(COOKIE) or ""
        return hmac.compare_digest(shown.encode(), str(self.token).encode())


def host_of(header: str) -> str:
    """The name in a Host header, without port, in lower case."""
    return (urlsplit(f"//{header}").hostname or "").lower()


def is_loopback(address: str | None) -> bool:
    return address is not None and ipaddress.ip_address(address.split("%")[0]).is_loopback


def addresses() -> list[str]:
    """This machine's IPv4 addresses beyond loopback."""
    found = [
        entry.address
        for entries in psutil.net_if_addrs().values()
        for entry in entries
        if entry.family == socket.AF_INET
    ]
    return [address for address in found if not is_loopback(address)]


def view_token() -> str:
    """Who has it may look."""
    return _secret("view_token")


def control_token() -> str:
    """Who has it may look and change things."""
    return _secret("control_token")


def _secret(name: str) -> str:
    """Made at the first start, 128 random bits; the same from then on. Only the user can read its file."""
    path = config_folder() / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(16))
    return path.read_text().strip()


def config_folder() -> Path:
    if sys.platform == "win32":
        return Path(os.environ["APPDATA"]) / "stereoring"
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "stereoring"
