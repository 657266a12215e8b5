"""One player of RTSP: its connection, from the first request to the last packet (RFC 2326)."""

import asyncio
import contextlib
import logging
import re
import secrets
import time
from dataclasses import dataclass

from workers.audio._packets import AAC, RATE
from workers.sinks._audience import Audience, TooMany
from workers.sinks._clients import PACKETS, Packet, Sound, VideoClient
from workers.sinks._send_buffer import PATIENCE, keep_little
from workers.sinks._stream.digest import Digest
from workers.sinks._stream.messages import Answer, NoRequest, Request, read_request
from workers.sinks._stream.regular_keys import with_keys
from workers.sinks._stream.rtp import NEXT, Due, Flow, picture_payloads, sound_payload
from workers.sinks._stream.sdp import SOUND, VIDEO, VIDEO_RATE, description
from workers.sinks._stream.tasks import begin
from workers.sinks._stream.ways import NoWay, Way, way_of

LOG = logging.getLogger("workers.sinks.stream")
PATH = re.compile(r"(?:/live)?(?:/track(\d))?")
BEGINS_WITHIN = 15.0  # seconds, from the connection to PLAY
SILENT = 60.0  # seconds without a request, and somebody who plays by UDP has gone
REPORTS_APART = 5.0  # seconds between two sender reports
FIRST_PICTURE = 8.0  # seconds that whoever asks what there is waits for it
TRIES = 3  # for the token
WITHOUT_TOKEN = ("OPTIONS", "TEARDOWN")
METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER, SET_PARAMETER"


@dataclass(frozen=True)
class Track:
    """A stream that was set up."""

    flow: Flow
    way: Way

    def report(self) -> None:
        self.way.report(self.flow.report(time.perf_counter_ns()))


class Player:
    """`serve` answers until it leaves, is cut off, or `close` is called."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        audience: Audience,
        token: str | None,
        hears: bool,
    ) -> None:
        """Who is on this machine needs no `token`; `hears`: there is sound."""
        self._reader, self._writer, self._audience, self._hears = reader, writer, audience, hears
        self._digest = Digest(token) if token else None
        self._wrong = 0
        self._session = secrets.token_hex(8)
        self._client: VideoClient | None = None
        self._tracks: dict[int, Track] = {}
        self._playing: asyncio.Task[None] | None = None
        self._due = Due()

    async def serve(self) -> None:
        keep_little(self._writer.transport)
        try:
            await self._answer_all()
        except (NoRequest, TimeoutError, ConnectionError, asyncio.IncompleteReadError):
            pass  # it is no player, or has left
        finally:
            self.close()

    def close(self) -> None:
        """At once: what is on its way to somebody who does not read would wait for ever."""
        if self._playing is not None:
            self._playing.cancel()
        for track in self._tracks.values():
            track.way.close()
        if self._client is not None:
            self._audience.leave(self._client)
        self._writer.transport.abort()

    async def _answer_all(self) -> None:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(BEGINS_WITHIN) as patience:
            while self._wrong < TRIES:
                request = await read_request(self._reader)
                answer = await self._answer(request)
                self._writer.write(answer.text(request.headers.get("cseq", "0")))
                if request.method == "TEARDOWN":
                    break
                if request.method == "PLAY" and answer.status == 200 and self._playing is None:
                    self._playing = begin(self._play(), LOG)
                if self._playing is not None:
                    patience.reschedule(None if self._in_the_connection else loop.time() + SILENT)
            await self._writer.drain()

    @property
    def _in_the_connection(self) -> bool:
        return all(track.way.in_the_connection for track in self._tracks.values())

    async def _answer(self, request: Request) -> Answer:
        place = PATH.fullmatch(request.path)
        if self._digest is not None and request.method not in WITHOUT_TOKEN:
            shown = request.headers.get("authorization", "")
            if not self._digest.admits(request.method, shown):
                self._wrong += bool(shown)
                return Answer(401, {"WWW-Authenticate": self._digest.challenge})
        if place is None and request.url != "*":
            return Answer(404)
        match request.method:
            case "OPTIONS":
                return Answer(headers={"Public": METHODS})
            case "DESCRIBE":
                return await self._describe(request)
            case "SETUP":
                return await self._set_up(int(place[1] or 0) if place else 0, request)
            case "PLAY":
                return self._may_play()
            case "GET_PARAMETER" | "SET_PARAMETER" | "TEARDOWN":
                return Answer(headers={"Session": self._session})
        return Answer(405, {"Allow": METHODS})

    async def _describe(self, request: Request) -> Answer:
        """From here on it is a client: what PLAY begins with may be the very picture that was described."""
        client = self._entered()
        first = await client.waiting(FIRST_PICTURE) if client else None
        if first is None:
            return Answer(503, {"Retry-After": "2"})
        base = request.url.partition("?")[0].rstrip("/") + "/"
        host = self._writer.get_extra_info("sockname")[0]
        headers = {"Content-Base": base, "Content-Type": "application/sdp", "Cache-Control": "no-cache"}
        return Answer(headers=headers, body=description(host, first.data, self._hears))

    async def _set_up(self, number: int, request: Request) -> Answer:
        if self._playing is not None or number in self._tracks:
            return Answer(455)
        if number > self._hears:
            return Answer(404)
        try:
            way = await way_of(request.headers.get("transport", ""), number, self._writer)
        except NoWay:
            return Answer(461)
        flow = Flow(SOUND, RATE) if number else Flow(VIDEO, VIDEO_RATE)
        self._tracks[number] = Track(flow, way)
        transport = f"{way.transport};ssrc={flow.ssrc:08X}"
        return Answer(headers={"Session": f"{self._session};timeout={SILENT:.0f}", "Transport": transport})

    def _may_play(self) -> Answer:
        if not self._tracks:
            return Answer(455)
        if self._entered() is None:
            return Answer(503, {"Retry-After": "2"})
        return Answer(headers={"Session": self._session, "Range": "npt=now-"})

    def _entered(self) -> VideoClient | None:
        """None: there is no room."""
        if self._client is None:
            with contextlib.suppress(TooMany):
                self._client = self._audience.enter("rtsp", PACKETS, AAC if self._hears else None)
        return self._client

    async def _play(self) -> None:
        """Until it is cancelled, or the player has not taken anything for a while: then it is cut off."""
        client, reported = self._client, float("-inf")
        assert client is not None
        try:
            async for shown in with_keys(client, self._audience):
                if time.monotonic() - reported > REPORTS_APART:
                    reported = time.monotonic()
                    for track in self._tracks.values():
                        track.report()
                self._send(shown)
                async with asyncio.timeout(PATIENCE):
                    await self._writer.drain()
        except (ConnectionError, TimeoutError):
            self._writer.transport.abort()

    def _send(self, shown: Packet | Sound) -> None:
        """What was not set up is not wanted."""
        track = self._tracks.get(1 if isinstance(shown, Sound) else 0)
        if track is None:
            return
        payloads = (
            [(sound_payload(shown.data), True)] if isinstance(shown, Sound) else picture_payloads(shown.data)
        )
        for payload, last in payloads:
            track.way.send(track.flow.packet(payload, shown.t_capture, last))
        if isinstance(shown, Packet):
            track.way.send(track.flow.packet(NEXT, self._due.after(shown.t_capture), last=False))
