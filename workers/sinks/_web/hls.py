"""HLS, with low latency for who can do that: /hls/TOKEN/live.m3u8, for phones, VLC and players on the web.

One stream for all of them, made while somebody asks for it. Segments begin at key frames, which everybody who
looks at video gets then.
"""

import asyncio
import logging
import re
import time
from collections.abc import Callable

from aiohttp import web

from workers.audio._packets import AAC, AudioCodec
from workers.sinks._audience import Audience, NotAdmitted
from workers.sinks._clients import PACKETS, Packet, Sound, VideoClient
from workers.sinks._web.fragments import Fragments
from workers.sinks._web.gate import FRESH, is_same
from workers.sinks._web.segments import PART, SEGMENT, Fragment, Segments
from workers.sinks._web.tokens import view_token

LOG = logging.getLogger("workers.sinks.web")
LIST, FILE = "live.m3u8", re.compile(r"(init|segment)(\d{1,9})\.mp4|part(\d{1,9})\.(\d{1,4})\.mp4")
NOBODY = 10.0  # seconds without a question, and nobody looks any more
WAITS = 5.0  # seconds for what comes next
STILL = 0.25  # seconds without a picture: the source has a still one, which players have to have again
FAR = 2  # segments ahead that may be asked for


class Hls:
    """`sound`: there is some."""

    def __init__(self, audience: Audience, sound: bool) -> None:
        self._audience, self._hears = audience, AAC if sound else None
        self._token = view_token()
        self._asked = 0.0
        self._making: asyncio.Task[None] | None = None
        self._segments = Segments()
        self._news = asyncio.Condition()

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/hls/{token}/{file}", self._file)]

    async def close(self, app: web.Application) -> None:
        if self._making is not None:
            self._making.cancel()

    async def _file(self, request: web.Request) -> web.StreamResponse:
        """What is not there yet and comes next is waited for."""
        name, segments = request.match_info["file"], self._segments
        found = FILE.fullmatch(name)
        if not is_same(request.match_info["token"], self._token) or not (found or name == LIST):
            raise web.HTTPNotFound(text="There is no such stream.\n")
        self._wanted()
        if found is None:
            return await self._list(request)
        data: bytes | None
        if found[3]:
            number, part = int(found[3]), int(found[4])
            await self._until(lambda: self._segments.has(number, part))
            data = self._segments.part(number, part)
        elif found[1] == "init":
            data = segments.beginnings.get(int(found[2]))
        else:
            data = segments.segment(int(found[2]))
        if data is None:
            raise web.HTTPNotFound(text="That is gone, or not there yet.\n")
        return web.Response(body=data, content_type="video/mp4", headers=FRESH)

    async def _list(self, request: web.Request) -> web.StreamResponse:
        number, part = (_number(request, name) for name in ("_HLS_msn", "_HLS_part"))
        if number is None:
            await self._until(lambda: self._segments.playable)
        else:
            if number > self._segments.last + FAR:
                raise web.HTTPBadRequest(text="That is too far ahead.\n")
            await self._until(lambda: self._segments.has(number, part))
        kind = "application/vnd.apple.mpegurl"
        return web.Response(text=self._segments.playlist(), content_type=kind, headers=FRESH)

    async def _until(self, there: Callable[[], bool]) -> None:
        try:
            async with asyncio.timeout(WAITS), self._news:
                await self._news.wait_for(there)
        except TimeoutError as error:
            raise web.HTTPServiceUnavailable(text="There is no picture.\n") from error

    def _wanted(self) -> None:
        self._asked = time.monotonic()
        if self._making is not None and self._making.done():
            if not self._making.cancelled() and (error := self._making.exception()) is not None:
                LOG.error("HLS: %s: %s", type(error).__name__, error, exc_info=error)
            self._making = None
        if self._making is None:
            try:
                client: VideoClient = self._audience.enter("hls", PACKETS, self._hears)
            except NotAdmitted as error:
                raise web.HTTPServiceUnavailable(text=f"{error}\n") from error
            self._segments.forget()  # or a player would begin with what was seen when somebody last looked
            self._making = asyncio.create_task(self._make(client))

    async def _make(self, client: VideoClient) -> None:
        maker = Maker(self._segments, self._hears, client.lost)
        key = time.monotonic()
        try:
            await client.waiting(WAITS)
            client.lost()  # behind the first picture after a sleep there may be a gap, which no part may have
            while time.monotonic() - self._asked < NOBODY:
                shown = await client.next(STILL)
                if shown is not None and maker.add(shown):
                    async with self._news:
                        self._news.notify_all()
                if isinstance(shown, Packet) and shown.key:
                    key = time.monotonic()
                elif shown is None or time.monotonic() - key > SEGMENT / 1e6:
                    key = time.monotonic()  # once: it is on its way
                    self._audience.want_key()
        finally:
            self._audience.leave(client)


class Maker:
    """Packets into segments. Each picture waits for the next, so that players are told how long it lasts:
    what comes behind a gap they throw away, and they count on what the list says."""

    def __init__(self, segments: Segments, hears: AudioCodec | None, lost: Callable[[], None]) -> None:
        """`lost` is called when only a picture can follow at which a decoder can begin."""
        self._segments, self._hears, self._lost = segments, hears, lost
        self._fragments: Fragments | None = None
        self._waiting: Packet
        self._time: int  # of the picture that waits, µs

    def add(self, shown: Packet | Sound) -> bool:
        """True: there is something new for those who wait."""
        if isinstance(shown, Sound):
            data = self._fragments.sound(shown) if self._fragments else b""
            return bool(data) and self._segments.add(Fragment(data))
        if self._fragments is None:
            self._begin(shown)
            return False
        time = self._fragments.time_of(shown)
        lasts = time - self._time
        late = lasts > self._segments.room()
        if late and not shown.key:
            self._lost()
            return False
        anew = late or not self._fragments.goes_on_with(shown)
        if anew:
            lasts = min(lasts, PART)
        data = self._fragments.picture(self._waiting, self._time, lasts)
        news = self._segments.add(Fragment(data, lasts, self._waiting.key, shown.key))
        if anew:
            self._begin(shown)
        else:
            self._waiting, self._time = shown, time
        return news

    def _begin(self, first: Packet) -> None:
        self._fragments = Fragments(first, self._hears)
        self._segments.begin(self._fragments.beginning)
        self._waiting, self._time = first, self._fragments.time_of(first)


def _number(request: web.Request, name: str) -> int | None:
    text = request.query.get(name, "")
    if not text:
        return None
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise web.HTTPBadRequest(text=f"{name} must be a number.\n")
    return int(text)
