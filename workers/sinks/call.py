"""Sends packets of speech to another machine, by UDP."""

import secrets
import socket
import time
from dataclasses import dataclass
from types import SimpleNamespace

from shm.layout import Mode
from shm.lease import Lease
from workers.sinks._callee import Callee
from workers.voice import _pace
from workers.voice._codecs import codec_of, weights_of
from workers.voice._rtp import Sealing, address, require_sealing, words_in
from workers.worker import CannotWork, Worker

RENEW_AFTER = 1 << 22  # packets: a day; timestamps come round after three


@dataclass(frozen=True)
class Settings:
    """Where to."""

    to: str = ""


class Call(Worker):
    """One datagram for each packet; there is no answer to it."""

    reads = "coded"
    shares = _pace.SECTIONS

    @classmethod
    def mode_for(cls, settings: SimpleNamespace) -> Mode:
        return _pace.from_here(settings)

    def open(self) -> None:
        try:
            words = words_in(self.settings.voice.key, "voice.key")
            host, port = address(self.settings.call.to, "call.to")
            self._callee = Callee(host, port, time.monotonic())
            require_sealing(words, host, f"call.to: {host} is another machine")
        except ValueError as error:
            raise CannotWork(str(error)) from error
        except OSError as error:
            raise CannotWork(f"call.to: {self.settings.call.to}: {error}") from error
        self._sockets: dict[int, socket.socket] = {}
        codec = codec_of(self.settings.voice)
        self._frame, self._sealing = codec.frame, Sealing(words, codec, weights_of(self.settings.voice))
        self._fails = self._lost = False
        self._ssrc: int | None = None
        self._first = 0

    def close(self) -> None:
        for opened in self._sockets.values():
            opened.close()

    def process(self, coded: Lease) -> None:
        seq = coded.info.seq
        if self._ssrc is None or seq - self._first > RENEW_AFTER:
            self._ssrc, self._first = secrets.randbits(32), seq
        datagram = self._sealing.datagram(self._ssrc, seq, seq * self._frame, coded.frame.tobytes())
        self._look()
        for place in self._callee.places:
            try:
                self._socket_of(place.family).sendto(datagram, place.address)
                self._fails = False
                return
            except OSError as error:
                self._callee.failed()
                why = error
        if not self._fails:  # no network just now
            self._fails = True
            self.log.error("call.to: %s: %s; it goes on when it can", self.settings.call.to, why)

    def _look(self) -> None:
        """Whether the name means another address by now."""
        to = self.settings.call.to
        try:
            if self._callee.look(time.monotonic()):
                self.log.info("call.to: %s is at %s now", to, self._callee.places[0])
                self._lost = False
        except OSError as error:
            if not self._lost:
                self.log.warning("call.to: %s: %s; it stays with %s", to, error, self._callee.places[0])
            self._lost = True

    def _socket_of(self, family: int) -> socket.socket:
        if family not in self._sockets:
            self._sockets[family] = socket.socket(family, socket.SOCK_DGRAM)
            self._sockets[family].setblocking(False)
        return self._sockets[family]
