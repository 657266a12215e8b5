"""Video, and sound, for a <video> element by Media Source Extensions: fragments of mp4 over a WebSocket."""

import asyncio

from aiohttp import web

from workers.audio._packets import AAC
from workers.sinks._audience import Audience
from workers.sinks._clients import PACKETS, Packet, Sound, VideoClient
from workers.sinks._send_buffer import PATIENCE
from workers.sinks._web.fragments import Fragments
from workers.sinks._web.viewing import watched

LONG = 1_000_000  # µs that a picture lasts for the browser; pages/mse.js knows it, too
STILL = 0.5  # seconds without a picture: the source has a still one, which a player has to have again
ANEW = 4012  # WebSocket close code: the picture has another size


class Mse:
    """`sound`: there is some."""

    def __init__(self, audience: Audience, sound: bool) -> None:
        self._audience, self._sound = audience, sound

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/mse", self._websocket)]

    async def _websocket(self, request: web.Request) -> web.StreamResponse:
        """A text message says what kind it is; then come the bytes. With `?sound=1` it is heard."""
        hears = AAC if self._sound and request.query.get("sound") == "1" else None
        return await watched(request, self._audience, ("mse", PACKETS, hears), self._send)

    async def _send(self, ws: web.WebSocketResponse, client: VideoClient) -> None:
        fragments: Fragments | None = None
        while not client.gone:
            shown = await client.next(STILL)
            if shown is None:
                self._audience.want_key()
                continue
            if fragments is None:
                assert isinstance(shown, Packet)
                fragments = Fragments(shown, client.hears)
                await ws.send_str(f'video/mp4; codecs="{fragments.codecs}"')
                await ws.send_bytes(fragments.beginning)
            elif not fragments.goes_on_with(shown):
                await ws.close(code=ANEW, message=b"another size")
                return
            if made := _made_of(shown, fragments):
                async with asyncio.timeout(PATIENCE):
                    await ws.send_bytes(made)


def _made_of(shown: Packet | Sound, fragments: Fragments) -> bytes:
    """How long a picture will last nobody knows yet, so it is said to last for long."""
    if isinstance(shown, Sound):
        return fragments.sound(shown)
    return fragments.picture(shown, fragments.time_of(shown), LONG)
