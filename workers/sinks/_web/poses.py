"""Poses: in pictures that a visitor sends, and the live ones. This server knows nothing of people; it asks
who does, at the house's meeting place, and hands on the answer."""

import asyncio
import contextlib
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Client, Connection
from typing import Any

from aiohttp import BodyPartReader, web

from workers.house import House
from workers.sinks._web.audience import PICTURE, Audience, TooMany
from workers.sinks._web.gate import FRESH

LARGEST = 32 * 1024 * 1024  # bytes of a picture
MOST_AT_ONCE = 32  # who waits for an answer; each has a thread
MOST_PEOPLE = 8
AGAIN = 0.25  # seconds, until it is looked whether somebody knows of poses again
STILL_THERE = 2.0  # seconds without a pose, after which a watcher is told that we are there
BLOCK = 64 * 1024
NOBODY_KNOWS = "nobody here finds poses just now; start with --profile pose (job.kind: pose)"


class Poses:
    """`POST /pose` with a picture (its bytes, or a form with a file) is answered with JSON, or with the
    picture, drawn, for who accepts image/jpeg; `GET /pose/live` sends each frame's as an event."""

    def __init__(self, house: House, audience: Audience) -> None:
        self._house, self._audience = house, audience
        self._asking = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="pose")
        self._watch: _Watch | None = None

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/pose", self._picture), web.get("/pose/live", self._live)]

    async def close(self, app: web.Application) -> None:
        self._asking.shutdown(wait=False, cancel_futures=True)
        if self._watch is not None:
            self._watch.close()

    async def _picture(self, request: web.Request) -> web.StreamResponse:
        asked = {"ask": "picture", "draw": wants_picture(request), "people": _people(request)}
        file = await _file(request)
        loop = asyncio.get_running_loop()
        try:
            head, body = await loop.run_in_executor(self._asking, self._answer, asked, file)
        except (OSError, EOFError):
            return _wrong(503, NOBODY_KNOWS)
        return web.Response(status=head["status"], body=body, content_type=head["type"], headers=FRESH)

    def _answer(self, asked: dict[str, Any], file: bytes) -> tuple[dict[str, Any], bytes]:
        """In a thread."""
        with self._met() as connection:
            connection.send_bytes(json.dumps(asked).encode())
            connection.send_bytes(file)
            return json.loads(connection.recv_bytes()), connection.recv_bytes()

    def _met(self) -> Connection:
        return Client(self._house.meeting_place("pose"))

    async def _live(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events; while nobody knows of poses there are none, and the connection stays."""
        try:
            looker = self._audience.enter("pose", PICTURE)  # or everything would sleep
        except TooMany as error:
            return _wrong(503, str(error))
        if self._watch is None:
            self._watch = _Watch(self._met)
        news = self._watch.enter()
        try:
            response = web.StreamResponse(headers={"Content-Type": "text/event-stream", **FRESH})
            await response.prepare(request)
            await response.write(b"retry: 1000\n\n")
            while True:
                words = await news.next(STILL_THERE)
                await response.write(b"data: " + words + b"\n\n" if words else b": still there\n\n")
        except ConnectionError:
            pass  # he has left
        finally:
            self._audience.leave(looker)
            self._watch.leave(news)
        return response


class _News:
    """What a watcher gets next: the newest, and nothing twice."""

    def __init__(self) -> None:
        self._words, self._fresh = b"", asyncio.Event()

    def show(self, words: bytes) -> None:
        self._words = words
        self._fresh.set()

    async def next(self, timeout: float) -> bytes:
        """Nothing if nothing came."""
        try:
            async with asyncio.timeout(timeout):
                await self._fresh.wait()
        except TimeoutError:
            return b""
        self._fresh.clear()
        return self._words


class _Watch:
    """A thread that watches the poses while somebody wants them, and goes on when who finds them was away."""

    def __init__(self, meet: Callable[[], Connection]) -> None:
        self._meet, self._loop = meet, asyncio.get_running_loop()
        self._watchers: list[_News] = []
        self._newest = b""
        self._wanted, self._closed = threading.Event(), False
        threading.Thread(target=self._run, name="poses", daemon=True).start()

    def enter(self) -> _News:
        news = _News()
        if self._newest:  # of a still picture no other comes
            news.show(self._newest)
        self._watchers.append(news)
        self._wanted.set()
        return news

    def leave(self, news: _News) -> None:
        self._watchers.remove(news)
        if not self._watchers:
            self._wanted.clear()

    def close(self) -> None:
        self._closed = True
        self._wanted.set()

    def _run(self) -> None:
        while not self._closed:
            self._wanted.wait()
            with contextlib.suppress(OSError, EOFError), self._meet() as connection:
                connection.send_bytes(b'{"ask": "watch"}')
                self._hand_on(connection)
            threading.Event().wait(AGAIN)

    def _hand_on(self, connection: Connection) -> None:
        self._newest = b""
        while self._wanted.is_set() and not self._closed:
            if connection.poll(AGAIN):
                self._loop.call_soon_threadsafe(self._show, connection.recv_bytes())

    def _show(self, words: bytes) -> None:
        self._newest = words
        for news in self._watchers:
            news.show(words)


def wants_picture(request: web.Request) -> bool:
    """Whether he names pictures, and JSON not or later."""
    kinds = [kind.partition(";")[0].strip() for kind in request.headers.get("Accept", "").split(",")]
    named = [kind for kind in kinds if kind in ("image/jpeg", "image/*", "application/json")]
    return bool(named) and named[0] != "application/json"


def _people(request: web.Request) -> int:
    asked = request.query.get("people", "1")
    if not asked.isascii() or not asked.isdecimal() or not 1 <= int(asked) <= MOST_PEOPLE:
        raise _error(web.HTTPBadRequest, f"people must be a number from 1 to {MOST_PEOPLE}")
    return int(asked)


async def _file(request: web.Request) -> bytes:
    """The body, or the first file of a form."""
    if not request.content_type.startswith("multipart/"):
        return await _whole(request.content.read)
    try:
        async for part in await request.multipart():
            if isinstance(part, BodyPartReader) and part.filename is not None:
                return await _whole(part.read_chunk)
    except ValueError as error:
        raise _error(web.HTTPBadRequest, f"this is no form: {error}") from error
    raise _error(web.HTTPBadRequest, "the form has no file in it")


async def _whole(read: Callable[[int], Any]) -> bytes:
    found = bytearray()
    while block := await read(BLOCK):
        found += block
        if len(found) > LARGEST:
            raise web.HTTPRequestEntityTooLarge(
                LARGEST,
                len(found),
                text=json.dumps({"error": f"more than {LARGEST // 1024**2} MB"}),
                content_type="application/json",
            )
    return bytes(found)


def _error(kind: type[web.HTTPBadRequest], what: str) -> web.HTTPBadRequest:
    return kind(text=json.dumps({"error": what}), content_type="application/json")


def _wrong(status: int, what: str) -> web.Response:
    return web.json_response({"error": what}, status=status, headers=FRESH)
