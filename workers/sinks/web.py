"""The picture in a browser: pages, pictures and video by WebSocket and WebRTC, MJPEG, figures."""

import contextlib
import io
import ssl
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Annotated, Any

import simplejpeg
from annotated_types import Ge, Le

from shm.lease import Lease
from workers.audio._packets import unpacked
from workers.sinks._clients import AUDIO, PACKETS, PICTURE, Packet, Picture, Sound, hears
from workers.sinks._h264 import starts_anew
from workers.sinks._web.eyes import eyes_of
from workers.sinks._web.tokens import control_token, view_token
from workers.worker import CannotWork, Wiring, Worker

if TYPE_CHECKING:
    from workers.sinks._web.server import Places


@dataclass(frozen=True)
class Settings:
    """Where the pages are, who may look, and how good the pictures are."""

    port: Annotated[int, Ge(1), Le(65535)] = 1122
    lan: bool = False
    https_port: Annotated[int, Ge(0), Le(65535)] = 1123
    certificate: Annotated[str, "path"] = ""
    key: Annotated[str, "path"] = ""
    hls: bool = True
    clients: Annotated[int, Ge(1), Le(256)] = 32
    quality: Annotated[int, Ge(30), Le(100), "live"] = 85


class Web(Worker):
    """Encodes each picture once, however many look, and not at all when nobody looks at pictures."""

    reads, follows = PICTURE, (PACKETS, AUDIO)
    follow_mode = "every-or-count"
    shares = ("stereo", "audio", "encode")

    @classmethod
    def wiring(cls, settings: SimpleNamespace) -> Wiring:
        """Browsers are given H.264 alone."""
        video = () if _no_video(settings) else (PACKETS,)
        sound = (AUDIO,) if hears(settings.audio) else ()
        return super().wiring(settings)._replace(follows=video + sound)

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._looked_at: frozenset[str] = frozenset()

    def open(self) -> None:
        # Brings aiohttp, which the launcher, that reads Settings here, need not wait half a second for.
        from workers.sinks._web.server import CannotListen, Places, Server

        web = self.settings.web
        sound, no_video = hears(self.settings.audio), _no_video(self.settings)
        places = Places(web.port, web.lan, web.https_port, self._context(), web.hls)
        house = self.host.house
        self._server = Server(places, web.clients, self._looking, self._again, house, sound, no_video)
        self.host.tell("looking", rings=[])  # before somebody can: who has waited for us comes at once
        try:
            self._server.open()
        except CannotListen as error:
            which = "port" if error.port == web.port else "https_port"
            raise CannotWork(
                f"web.{which}: cannot listen on port {error.port} ({error.strerror}); is another Stereoring "
                f"running? Choose another with `--set web.{which}=…`"
            ) from error
        self._say_where(places)

    def close(self) -> None:
        self._server.close()

    def stale(self, stale: bool) -> None:
        self._server.mark_stale(stale)

    def recentre(self) -> None:
        self._server.say("recentre")

    def process(self, picture: Lease) -> None:
        if PICTURE not in self._looked_at:
            return
        jpeg = simplejpeg.encode_jpeg(
            picture.frame,
            quality=self.settings.web.quality,
            colorspace="RGB",
            colorsubsampling="420",
            fastdct=True,
        )
        info, eyes = picture.info, eyes_of(self.settings.stereo)
        self._server.show(Picture(jpeg, info.seq, info.t_capture, eyes))

    def follow(self, packet: Lease, input_live: bool) -> bool:
        if packet.ring == AUDIO:
            self._server.show(Sound(*unpacked(packet.frame), packet.info.t_capture))
            return True
        data, info, eyes = packet.frame.tobytes(), packet.info, eyes_of(self.settings.stereo)
        self._server.show(Packet(data, info.seq, info.t_capture, starts_anew(data), eyes))
        return True

    def _context(self) -> ssl.SSLContext | None:
        """For https, where others may look. Raises CannotWork for a certificate that cannot be used."""
        from workers.sinks._web.certificate import context_of, own_context

        web = self.settings.web
        if not web.lan or not web.https_port:
            return None
        try:
            if not web.certificate:
                return own_context()
            return context_of(Path(web.certificate), Path(web.key) if web.key else None)
        except (OSError, ValueError) as error:  # an SSLError is an OSError
            raise CannotWork(f"web.certificate {web.certificate or '(our own)'}: {error}") from error

    def _looking(self, rings: frozenset[str]) -> None:
        """Called by the server's thread; sending a message is all that it does to the worker."""
        self._looked_at = rings
        with contextlib.suppress(OSError):
            self.host.tell("looking", rings=sorted(rings))

    def _again(self) -> None:
        with contextlib.suppress(OSError):
            self.host.tell("again")

    def _say_where(self, places: "Places") -> None:
        import segno

        web = self.settings.web
        self.log.info("look at http://127.0.0.1:%d/", web.port)
        self.log.info("change things at http://127.0.0.1:%d/panel?token=%s", web.port, control_token())
        if web.hls:
            self.log.info("play http://127.0.0.1:%d/hls/%s/live.m3u8", web.port, view_token())
        for url in places.links():
            if url.startswith("https:"):
                self.log.info("from a headset, in space: %s (the browser warns once)", url)
                continue
            if url.endswith(".m3u8"):
                self.log.info("for players: %s", url)
                continue
            code = io.StringIO()
            segno.make(url, error="l").terminal(code, compact=True)
            self.log.info("from another device: %s\n%s", url, code.getvalue())


def _no_video(settings: SimpleNamespace) -> str:
    """Why browsers get none; empty where they do."""
    codec = settings.encode.codec
    if codec == "h264":
        return ""
    return f"The video is {codec}; browsers get H.264 (encode.codec), or JPEG."
