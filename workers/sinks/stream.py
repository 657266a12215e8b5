"""The picture as a stream for players and servers: RTSP."""

import contextlib
from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Le

from shm.lease import Lease
from workers.sinks._audience import PACKETS, Packet
from workers.sinks._h264 import starts_anew
from workers.worker import CannotWork, Worker


@dataclass(frozen=True)
class Settings:
    """Which outputs there are, and who may look."""

    rtsp_port: Annotated[int, Ge(0), Le(65535)] = 8554
    lan: bool = False
    clients: Annotated[int, Ge(1), Le(256)] = 32


class Stream(Worker):
    """Passes packets on as they are; nothing is encoded while nobody looks."""

    reads = PACKETS
    mode = "every-or-count"

    def open(self) -> None:
        from workers.sinks._stream.server import Places, Server

        stream = self.settings.stream
        places = Places(stream.rtsp_port, stream.lan)
        self._server = Server(places, stream.clients, self._looking, self._again)
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

    def _looking(self, rings: frozenset[str]) -> None:
        """Called by the server's thread; sending a message is all that it does to the worker."""
        with contextlib.suppress(OSError):
            self.host.tell("looking", rings=sorted(rings))

    def _again(self) -> None:
        with contextlib.suppress(OSError):
            self.host.tell("again")
