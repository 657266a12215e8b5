"""RTSP's requests and answers (RFC 2326), and what a player sends between them."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

MOST_REQUEST = 16 * 1024  # bytes
REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    454: "Session Not Found",
    455: "Method Not Valid in This State",
    461: "Unsupported Transport",
    503: "Service Unavailable",
}


class NoRequest(Exception):
    """What came is no RTSP."""


@dataclass(frozen=True)
class Request:
    """Header names in lower case."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        try:
            return urlsplit(self.url).path.rstrip("/")
        except ValueError:
            return ""


@dataclass(frozen=True)
class Answer:
    """What a method says; who asked adds the number of his request."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""

    def text(self, number: str) -> bytes:
        lines = [f"RTSP/1.0 {self.status} {REASONS[self.status]}", f"CSeq: {number}", "Server: Stereoring"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        body = self.body.encode()
        if body:
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join([*lines, "", ""]).encode() + body


async def read_request(reader: asyncio.StreamReader) -> Request:
    """The next one; a player's reports of what it has received lie between. Raises NoRequest, and what
    StreamReader raises where the other side has left."""
    while True:
        first = await reader.readexactly(1)
        if first != b"$":
            return await _request(first, reader)
        _, high, low = await reader.readexactly(3)
        await reader.readexactly(high << 8 | low)


async def _request(first: bytes, reader: asyncio.StreamReader) -> Request:
    try:
        text = (first + await reader.readuntil(b"\r\n\r\n")).decode()
        line, *rest = text.strip().split("\r\n")
        method, url, version = line.split(" ")
        headers = {
            name.strip().lower(): value.strip() for name, _, value in (one.partition(":") for one in rest)
        }
        body = int(headers.get("content-length", 0))
    except (ValueError, asyncio.LimitOverrunError) as error:
        raise NoRequest("that is no RTSP") from error
    if not version.startswith("RTSP/1.") or not 0 <= body <= MOST_REQUEST:
        raise NoRequest(f"{version} is not RTSP 1.0")
    await reader.readexactly(body)  # parameters, of which we have none
    return Request(method, url, headers)
