"""The picture as a stream: RTSP for players, RTMP to servers of somebody else."""

import contextlib
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Annotated

from annotated_types import Ge, Le

from shm.lease import Lease
from workers.audio._packets import AAC, unpacked
from workers.sinks._clients import AUDIO, PACKETS, Packet, Sound, hears
from workers.sinks._h264 import starts_anew
from workers.worker import CannotWork, Wiring, Worker

if TYPE_CHECKING:
    from workers.sinks._stream.push import Target


@dataclass(frozen=True)
class Settings:
    """Which outputs there are, and who may look."""

    rtsp_port: Annotated[int, Ge(0), Le(65535)] = 8554
    lan: bool = False
    push: tuple[str, ...] = ()
    clients: Annotated[int, Ge(1), Le(256)] = 32


class Stream(Worker):
    """Passes packets on as they are; nothing is encoded while nobody looks."""

    reads = PACKETS
    mode = "every-or-count"
    follows, follow_mode = AUDIO, "every-or-count"
    shares = ("audio", "encode")

    @classmethod
    def wiring(cls, settings: SimpleNamespace) -> Wiring:
        return super().wiring(settings)._replace(follows=AUDIO if hears(settings.audio) else None)

    def open(self) -> None:
        from workers.sinks._stream.places import Places
        from workers.sinks._stream.server import Server

        stream = self.settings.stream
        if self.settings.encode.codec != "h264":
            raise CannotWork("stream: players and servers are sent H.264; set encode.codec to h264")
        places = Places(stream.rtsp_port, stream.lan)
        targets = self._targets()
        sound = AAC if hears(self.settings.audio) else None
        self._server = Server(places, stream.clients, self._looking, self._again, targets, sound)
        self.host.tell("looking", rings=[])
        try:
            self._server.open()
        except OSError as error:
            raise CannotWork(
                f"stream.rtsp_port: cannot listen on port {stream.rtsp_port} ({error.strerror}); choose "
                "another with `--set stream.rtsp_port=…`, or 0 for none"
            ) from error
        for link in places.links():
            self.log.info("play %s", link)

    def close(self) -> None:
        self._server.close()

    def process(self, packet: Lease) -> None:
        data, info = packet.frame.tobytes(), packet.info
        self._server.show(Packet(data, info.seq, info.t_capture, starts_anew(data)))

    def follow(self, sound: Lease, input_live: bool) -> bool:
        codec, data = unpacked(sound.frame)
        self._server.show(Sound(codec, data, sound.info.t_capture))
        return True

    def _targets(self) -> "list[Target]":
        from workers.sinks._stream.push import target_of

        try:
            return [target_of(url) for url in self.settings.stream.push]
        except ValueError as error:
            raise CannotWork(f"stream.push: {error}") from error

    def _looking(self, rings: frozenset[str]) -> None:
        """Called by the server's thread; sending a message is all that it does to the worker."""
        with contextlib.suppress(OSError):
            self.host.tell("looking", rings=sorted(rings))

    def _again(self) -> None:
        with contextlib.suppress(OSError):
            self.host.tell("again")
