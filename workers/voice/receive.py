"""Packets of speech from another machine, by UDP, at an even pace."""

import select
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le

from shm.lease import OpenSlot
from workers.voice._codecs import Codec, codec_of, weights_of
from workers.voice._pace import HISTORY
from workers.voice._packets import BEGINS, LOST, nbytes, unpack
from workers.voice._rtp import LONGEST, NO_PACKET, Arrived, Refused, Sealing, require_sealing, words_in
from workers.voice._streams import Streams
from workers.worker import BEAT_EVERY, CannotWork, Step, Worker

AT_ONCE = 64  # datagrams that are read before the next packet is played
LOG_EVERY = 60.0  # seconds
MANY_BESIDE = 50  # packets, a second; somebody who was started again is heard sooner
BESIDE = "somebody else speaks already; who is heard first is, until they are silent"


@dataclass(frozen=True)
class Settings:
    """Where it listens."""

    port: Annotated[int, Ge(0), Le(65535)] = 0
    host: str = "127.0.0.1"


class Receive(Worker):
    """→ arrived uint8[n], a packet for each frame while somebody speaks; one that is missing is one without
    books."""

    writes = {"arrived": "VOICE"}
    history = {"arrived": HISTORY}
    shares = ("voice",)

    @classmethod
    def sizes(cls, settings: SimpleNamespace, rings: Mapping[str, int]) -> dict[str, int]:
        codec = codec_of(settings.voice)
        return {"arrived": nbytes(codec.books, codec.bits)}

    def open(self) -> None:
        receive = self.settings.receive
        try:
            words = words_in(self.settings.voice.key, "voice.key")
            require_sealing(words, receive.host, f"receive.host: {receive.host} is open to others")
        except ValueError as error:
            raise CannotWork(str(error)) from error
        self._codec = codec_of(self.settings.voice)
        self._sealing = Sealing(words, self._codec, weights_of(self.settings.voice))
        self._streams = Streams(self._codec.rate, self._codec.frame)
        self._told: set[str] = set()
        self._begins, self._speaks, self._wrong, self._logged = False, False, 0, time.monotonic()
        family = socket.AF_INET6 if ":" in receive.host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        try:
            self._socket.bind((receive.host, receive.port))
        except OSError as error:
            self._socket.close()
            raise CannotWork(f"receive: {receive.host}:{receive.port}: {error.strerror}") from error

    def close(self) -> None:
        self._socket.close()

    def drive(self, step: Step) -> None:
        """What comes is noted when it comes: how late it is decides how long the others wait."""
        while not step.stopping:
            seconds = BEAT_EVERY if step.asleep else min(BEAT_EVERY, self.due() - time.perf_counter())
            if select.select([self._socket], [], [], max(0.0, seconds))[0]:
                self._read()
            step.once(0)

    def due(self) -> float:
        return self._streams.buffer.due

    def process(self, arrived: OpenSlot) -> int | None:
        now = time.perf_counter()
        packet = self._streams.buffer.pop(now)
        self._tell(now)
        if packet is None:
            packet = LOST
        elif self._begins:
            packet, self._begins = bytes([packet[0] | BEGINS]) + packet[1:], False
        if packet == LOST and not self._speaks:
            return None
        data = np.frombuffer(packet, np.uint8)
        arrived.view(data.shape)[:] = data
        return time.perf_counter_ns()

    def _read(self) -> None:
        for _ in range(AT_ONCE):
            try:
                datagram, place = self._socket.recvfrom(LONGEST + 1)
            except BlockingIOError:
                return
            except OSError as error:  # Windows has one for a datagram that is longer
                self._refuse(str(error), "somebody")
                continue
            try:
                self._take(self._sealing.opened(datagram))
            except Refused as error:
                self._refuse(str(error), place[0])

    def _take(self, arrived: Arrived) -> None:
        """Raises Refused."""
        if not _is_packet(arrived, self._codec):
            raise Refused(NO_PACKET)
        beside = self._streams.beside
        if self._streams.take(arrived, time.perf_counter()):
            self._begins = True
        if beside < MANY_BESIDE == self._streams.beside:
            raise Refused(BESIDE)

    def _refuse(self, why: str, host: str) -> None:
        """Each reason is told once: whoever sends does so fifty times a second."""
        self._wrong += 1
        if why not in self._told:
            self._told.add(why)
            self.log.warning("what comes from %s is dropped: %s", host, why)

    def _tell(self, now: float) -> None:
        """Whether somebody speaks; now and then what has come."""
        speaks = self.due() < float("inf")
        if speaks != self._speaks:
            self._speaks = speaks
            self.log.info("%s", "somebody speaks" if speaks else "nobody speaks any more")
            self.host.tell("ready" if speaks else "away")
        if time.monotonic() - self._logged > LOG_EVERY:
            self._logged = time.monotonic()
            counts, delay = self._streams.buffer.counts, self._streams.buffer.delay
            refused = self._wrong + self._streams.refused
            self.log.info("%s, %d datagrams refused, delay %.0f ms", counts, refused, delay * 1000)


def _is_packet(found: Arrived, codec: Codec) -> bool:
    """That fits into the ring."""
    if len(found.payload) > nbytes(codec.books, codec.bits):
        return False
    try:
        return len(unpack(found.payload, codec.bits, codec.books).indices) > 0
    except ValueError:
        return False
