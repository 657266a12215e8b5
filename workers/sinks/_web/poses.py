"""Poses: in pictures that a visitor sends, and the live ones. This server knows nothing of people; it asks
who does, at the house's meeting place, and hands on the answer."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Client, Connection
from typing import Any

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from workers.house import House, Refused
from workers.sinks._audience import Audience, TooMany
from workers.sinks._clients import PICTURE
from workers.sinks._web.bodies import in_time, read_all
from workers.sinks._web.gate import FRESH
from workers.sinks._web.pose_watch import Watch

LARGEST = 32 * 1024 * 1024  # bytes of a picture
MOST_AT_ONCE = 16  # who sends a picture or waits for its answer; each has a thread then
SPARE = 4  # threads for who only asks whether somebody finds poses
FORM = 64 * 1024  # bytes of a form around its picture
MOST_PEOPLE = 8
PATIENCE = 10.0  # seconds, for a client who does not read
STILL_THERE = 2.0  # seconds without a pose, after which a watcher is told that we are there
NOBODY_KNOWS = "nobody here finds poses just now; start with --profile pose (job.kind: pose)"


class Poses:
    """`POST /pose` with a picture (its bytes, or a form with a file) is answered with JSON, or with the
    picture, drawn, for who accepts image/jpeg; `GET /pose/live` sends each frame's as an event."""

    def __init__(self, house: House, audience: Audience) -> None:
        self._house, self._audience = house, audience
        self._asking = ThreadPoolExecutor(MOST_AT_ONCE + SPARE, thread_name_prefix="pose")
        self._at_once = 0
        self._watch: Watch | None = None

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/pose", self._picture),
            web.get("/pose/live", self._live),
            web.get("/pose/there", self._there),
        ]

    async def close(self, app: web.Application) -> None:
        self._asking.shutdown(wait=False, cancel_futures=True)
        if self._watch is not None:
            self._watch.close()

    async def _there(self, request: web.Request) -> web.StreamResponse:
        """Whether somebody finds poses now, so that pages lead there."""
        try:
            (await asyncio.get_running_loop().run_in_executor(self._asking, self._met)).close()
        except OSError:
            return web.json_response(False, headers=FRESH)
        return web.json_response(True, headers=FRESH)

    async def _picture(self, request: web.Request) -> web.StreamResponse:
        asked = {"ask": "picture", "draw": wants_picture(request), "people": _people(request)}
        if self._at_once >= MOST_AT_ONCE:
            return _wrong(429, f"{self._at_once} are waiting already; try again in a moment")
        self._at_once += 1
        try:
            return await self._answered(asked, await _file(request))
        finally:
            self._at_once -= 1

    async def _answered(self, asked: dict[str, Any], file: bytes) -> web.Response:
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
        """Raises OSError where nobody listens."""
        try:
            return Client(self._house.meeting_place("pose"))
        except Refused as why:
            raise OSError(str(why)) from why

    async def _live(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events; while nobody knows of poses there are none, and the connection stays."""
        try:
            looker = self._audience.enter("pose", PICTURE)  # or everything would sleep
        except TooMany as error:
            return _wrong(503, str(error))
        if self._watch is None:
            self._watch = Watch(self._met)
        news = self._watch.enter()
        try:
            response = web.StreamResponse(headers={"Content-Type": "text/event-stream", **FRESH})
            await response.prepare(request)
            await response.write(b"retry: 1000\n\n")
            while True:
                words = await news.next(STILL_THERE)
                async with asyncio.timeout(PATIENCE):
                    await response.write(b"data: " + words + b"\n\n" if words else b": still there\n\n")
        except (ConnectionError, TimeoutError):
            pass  # he has left, or reads no more
        finally:
            self._audience.leave(looker)
            self._watch.leave(news)
        return response


def wants_picture(request: web.Request) -> bool:
    """Whether he names pictures, and JSON not or later."""
    kinds = [kind.partition(";")[0].strip() for kind in request.headers.get("Accept", "").split(",")]
    named = [kind for kind in kinds if kind in ("image/jpeg", "image/*", "application/json")]
    return bool(named) and named[0] != "application/json"


def _people(request: web.Request) -> int:
    asked = request.query.get("people", "1")
    if asked not in map(str, range(1, MOST_PEOPLE + 1)):
        raise _error(web.HTTPBadRequest, f"people must be a number from 1 to {MOST_PEOPLE}")
    return int(asked)


async def _file(request: web.Request) -> bytes:
    """The body, or the first file of a form."""
    if request.content_length is not None and request.content_length > LARGEST + FORM:
        raise _too_large(request.content_length)
    try:
        async with in_time():
            if not request.content_type.startswith("multipart/"):
                return await _whole(request.content.read)
            async for part in await request.multipart():
                if isinstance(part, BodyPartReader) and part.filename is not None:
                    return await _whole(part.read_chunk)
    except (ValueError, HttpProcessingError) as error:
        raise _error(web.HTTPBadRequest, f"this is no form: {str(error).strip()}") from error
    except web.RequestPayloadError as error:
        raise _error(web.HTTPBadRequest, "the body is not packed as the request says") from error
    except web.HTTPRequestTimeout as error:
        raise _error(web.HTTPRequestTimeout, str(error.text).strip()) from error
    raise _error(web.HTTPBadRequest, "the form has no file in it")


async def _whole(read: Callable[[int], Awaitable[bytes]]) -> bytes:
    found = await read_all(read, LARGEST)
    if len(found) > LARGEST:
        raise _too_large(len(found))
    return found


def _too_large(nbytes: int) -> web.HTTPException:
    return _error(web.HTTPRequestEntityTooLarge, f"more than {LARGEST // 1024**2} MB", LARGEST, nbytes)


def _error(kind: Callable[..., web.HTTPException], what: str, *sizes: int) -> web.HTTPException:
    return kind(*sizes, text=json.dumps({"error": what}), content_type="application/json")


def _wrong(status: int, what: str) -> web.Response:
    return web.json_response({"error": what}, status=status, headers=FRESH)
