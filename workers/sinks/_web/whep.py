"""WebRTC for who asks by WHEP (draft-ietf-wish-whep): POST an offer to /whep, DELETE what Location says.

For a <video> element, which a headset's own 3D mode needs. The packets are passed on as they are. No server
elsewhere is asked for this machine's address; who is here or on the same network needs none.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import secrets
import time
import weakref
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

import av
from aiohttp import web

from workers.audio._packets import OPUS
from workers.sinks._audience import Audience, NotAdmitted, TooMany
from workers.sinks._clients import AUDIO, PACKETS, SoundClient, VideoClient
from workers.sinks._web.bodies import in_time, read_all

if TYPE_CHECKING:
    from aiortc import RTCPeerConnection

LOG = logging.getLogger("workers.sinks.web")
MOST_OFFER = 64 * 1024  # bytes
MICROSECONDS = Fraction(1, 1_000_000)
OVER = ("failed", "closed")
WebClient = VideoClient | SoundClient
CONNECTS_WITHIN = 20.0  # seconds; else its sockets and its place are somebody else's
PATIENT = 5.0  # seconds; who leaves before has not waited
CLEARS_UP = 2.0  # seconds after an end; mostly all that belongs to the session has been closed by then


class Whep:
    """The sessions, and what answers to them."""

    def __init__(self, audience: Audience, sound: bool) -> None:
        """`sound`: there is some, for who offers to hear it."""
        self._audience, self._sound = audience, sound
        self._sessions: dict[str, RTCPeerConnection] = {}
        self._offers: dict[str, tuple[str, float]] = {}  # who has not connected yet, and since when
        self._unreached: set[str] = set()  # who could not, which is said once
        self._ends: set[asyncio.Task[None]] = set()  # the loop itself would forget them

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/whep", self._offered), web.delete("/whep/{session}", self._left)]

    async def close(self, app: web.Application) -> None:
        await asyncio.gather(*(self._end(session) for session in list(self._sessions)))

    async def _offered(self, request: web.Request) -> web.StreamResponse:
        if request.content_type != "application/sdp":
            raise web.HTTPUnsupportedMediaType(text="An offer is application/sdp.\n")
        async with in_time():
            body = await read_all(request.content.read, MOST_OFFER)
        if len(body) > MOST_OFFER:
            text = f"An offer has at most {MOST_OFFER // 1024} kB.\n"
            raise web.HTTPRequestEntityTooLarge(MOST_OFFER, len(body), text=text)
        offer = body.decode(errors="replace")
        session = secrets.token_urlsafe(16)
        clients: list[WebClient] = []
        try:
            clients.append(self._audience.enter("webrtc", PACKETS))
            if self._sound and "m=audio" in offer:
                clients.append(self._audience.enter("webrtc sound", AUDIO, OPUS))
            answer = await self._answer(session, clients, offer)
            self._offers[session] = request.remote or "", time.monotonic()
        except BaseException as error:
            for client in clients:
                self._audience.leave(client)
            await self._end(session)
            if isinstance(error, TooMany):
                raise web.HTTPServiceUnavailable(text=f"{error}\n") from error
            if isinstance(error, NotAdmitted):
                raise web.HTTPConflict(text=f"{error}\n") from error
            raise
        place = {"Location": f"/whep/{session}"}
        return web.Response(status=201, text=answer, content_type="application/sdp", headers=place)

    async def _answer(self, session: str, clients: list[WebClient], offer: str) -> str:
        """SDP. Raises HTTPBadRequest for an offer that is none, or takes no H.264."""
        rtc = await asyncio.get_running_loop().run_in_executor(None, _aiortc)
        connection = rtc.RTCPeerConnection(rtc.RTCConfiguration(iceServers=[]))
        self._sessions[session] = connection

        async def over() -> None:
            late.cancel()
            for client in clients:
                self._audience.leave(client)
                client.leave()
            await self._end(session)

        async def changed() -> None:
            if connection.connectionState == "connected":
                late.cancel()
                self._unreached.discard(self._offers.pop(session, ("", 0.0))[0])
            elif connection.connectionState in OVER:
                await over()

        def never_connected() -> None:
            task = asyncio.ensure_future(over())
            self._ends.add(task)
            task.add_done_callback(self._ends.discard)

        late = asyncio.get_running_loop().call_later(CONNECTS_WITHIN, never_connected)
        connection.on("connectionstatechange", changed)
        # In this order: preferences given after the offer would be without effect.
        for client in clients:
            track = _track(rtc, client)
            transceiver = connection.addTransceiver(track, direction="sendonly")
            transceiver.setCodecPreferences(_codecs(rtc, track.kind))
            if track.kind == "video":
                transceiver.sender._send_keyframe = self._audience.want_key  # a viewer has lost something
        try:
            _require_fingerprints(rtc.sdp.SessionDescription.parse(offer))
            await connection.setRemoteDescription(rtc.RTCSessionDescription(offer, "offer"))
            await connection.setLocalDescription(await connection.createAnswer())
        except Exception as error:  # aiortc raises whatever it stumbles over, even StopIteration
            what = f"{type(error).__name__} {error}".strip()
            raise web.HTTPBadRequest(text=f"This offer cannot be answered: {what}\n") from error
        return str(connection.localDescription.sdp)

    async def _left(self, request: web.Request) -> web.StreamResponse:
        session = request.match_info["session"]
        if session not in self._sessions:
            raise web.HTTPNotFound(text="There is no such session.\n")
        await self._end(session)
        return web.Response()

    def _note_unreached(self, who: str, since: float) -> None:
        if time.monotonic() - since > PATIENT and who not in self._unreached:
            self._unreached.add(who)
            LOG.warning(
                "WebRTC: %s has not connected: no UDP gets there and back (a firewall? a VPN?); in the page "
                "H.264 and MP4 need none",
                who,
            )

    async def _end(self, session: str) -> None:
        connection = self._sessions.pop(session, None)
        self._note_unreached(*self._offers.pop(session, ("", float("inf"))))
        if connection is not None:
            await connection.close()
            asyncio.get_running_loop().call_later(CLEARS_UP, _clear_up, weakref.ref(connection), CLEARS_UP)


def _clear_up(gone: weakref.ref[RTCPeerConnection], waited: float) -> None:
    """Circles of objects, a quarter of a megabyte; Python by itself looks for such when they are many. On a
    busy machine a part of them may not be over yet: then again after twice as long, three times at most."""
    gc.collect()
    if gone() is not None and waited < 8 * CLEARS_UP:
        asyncio.get_running_loop().call_later(2 * waited, _clear_up, gone, 2 * waited)


@cache
def _aiortc() -> Any:
    """Takes half a second to import, which the others need not wait for. It stays: the collector need not go
    through it after each session."""
    import aiortc

    for chatty in ("aioice", "aiortc"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    gc.freeze()
    return aiortc


def _require_fingerprints(offer: Any) -> None:
    """aiortc sees only when it connects, and in nobody's name, that they are missing. Raises ValueError."""
    if not all(media.dtls and media.dtls.fingerprints for media in offer.media):
        raise ValueError("it has no fingerprint of the certificate (a=fingerprint)")


def _codecs(rtc: Any, kind: str) -> list[Any]:
    codecs = rtc.RTCRtpSender.getCapabilities(kind).codecs
    return [codec for codec in codecs if codec.mimeType in ("video/H264", "audio/opus")]


def _track(rtc: Any, client: WebClient) -> Any:
    """What aiortc passes on unchanged, because it is packets already."""

    class Track(rtc.MediaStreamTrack):  # type: ignore[misc]
        kind = "video" if isinstance(client, VideoClient) else "audio"

        async def recv(self) -> av.Packet[Any]:
            while True:
                shown = await client.next()
                if client.gone:
                    raise rtc.mediastreams.MediaStreamError
                if shown is not None:
                    break
            packet = av.Packet(shown.data)
            packet.pts, packet.time_base = shown.t_capture // 1000, MICROSECONDS
            return packet

    return Track()
