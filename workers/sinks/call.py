"""Sends packets of speech to another machine, by UDP."""

import secrets
import socket
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from shm.layout import Mode
from shm.lease import Lease
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
            found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
            require_sealing(words, host, f"call.to: {host} is another machine")
        except ValueError as error:
            raise CannotWork(str(error)) from error
        except OSError as error:
            raise CannotWork(f"call.to: {self.settings.call.to}: {error}") from error
        family, kind, protocol, _, place = found[0]
        self._address: Any = place  # longer for IPv6
        self._socket = socket.socket(family, kind, protocol)
        self._socket.setblocking(False)
        codec = codec_of(self.settings.voice)
        self._frame, self._sealing = codec.frame, Sealing(words, codec, weights_of(self.settings.voice))
        self._fails = False
        self._ssrc: int | None = None
        self._first = 0

    def close(self) -> None:
        self._socket.close()

    def process(self, coded: Lease) -> None:
        seq = coded.info.seq
        if self._ssrc is None or seq - self._first > RENEW_AFTER:
            self._ssrc, self._first = secrets.randbits(32), seq
        datagram = self._sealing.datagram(self._ssrc, seq, seq * self._frame, coded.frame.tobytes())
        try:
            self._socket.sendto(datagram, self._address)
            self._fails = False
        except OSError as error:  # no network just now
            if not self._fails:
                self.log.error("call.to: %s: %s; it goes on when it can", self.settings.call.to, error)
            self._fails = True
