"""Records what is heard beside the picture and codes it once for each codec."""

import logging
import sys
import time
from collections import deque
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np

from shm.lease import OpenSlot
from workers.audio._coder import Coder
from workers.audio._ear import Ear, Source
from workers.audio._file_ear import FileEar
from workers.audio._packets import CHANNELS, CODECS, LARGEST, RATE, AudioCodec, packed
from workers.audio._timeline import Timeline
from workers.sound._reading import CannotRead, check
from workers.sound._recorder import Recorder
from workers.worker import CannotWork, Worker

EVERY = 0.02  # seconds between two looks at what has come
PIECE = 960  # samples that a device is asked for at a time


class Live(Worker):
    """→ audio uint8[n], a packet each, as _packets says. t_capture is when its first sample was heard."""

    writes = {"audio": "PACKETS"}
    history = {"audio": 192}  # two seconds
    shares = ("sound_file",)

    @classmethod
    def sizes(cls, settings: SimpleNamespace, rings: Mapping[str, int]) -> dict[str, int]:
        if settings.audio.source == "sound_file":
            if not settings.sound_file.path:
                raise ValueError("sound_file.path is not set: which file?")
            check(settings.sound_file.path)
        return {"audio": LARGEST}

    def open(self) -> None:
        self._source = self._opened()
        self._due = 0.0
        self._begin()

    def close(self) -> None:
        self._source.close()

    def wake(self) -> None:
        self._begin()

    def due(self) -> float:
        if self._packets:
            return min(self._due, (self._packets[0][0] + self._delay) / 1e9)
        return self._due

    def process(self, packet: OpenSlot) -> int | None:
        now = time.perf_counter_ns()
        if now / 1e9 >= self._due:
            self._due = now / 1e9 + EVERY
            self._hear(now)
        if not self._packets or self._packets[0][0] + self._delay > now:
            return None
        heard, codec, data = self._packets.popleft()
        payload = packed(codec, data)
        packet.view(payload.shape)[:] = payload
        return heard + self._delay

    @property
    def _delay(self) -> int:
        delay: float = self.settings.audio.delay
        return round(1e9 * delay)

    def _begin(self) -> None:
        self._timeline = Timeline(time.perf_counter_ns())
        self._coders = [Coder(codec, self.settings.audio.kbps) for codec in CODECS]
        self._packets = deque[tuple[int, AudioCodec, bytes]]()

    def _hear(self, now: int) -> None:
        timeline = self._timeline
        for piece in self._source.take():
            if piece.anew:
                timeline.begin_anew()
            timeline.add(piece.sound, piece.heard)
        timeline.fill(now)
        for frame in timeline.take():
            self.host.show_level(_peak(frame))
            for coder in self._coders:
                for sample, data in coder(frame):
                    heard = timeline.begin + sample * 1_000_000_000 // RATE
                    self._packets.append((heard, coder.codec, data))

    def _opened(self) -> Source:
        audio, file = self.settings.audio, self.settings.sound_file
        if audio.source == "sound_file":
            try:
                check(file.path)
            except CannotRead as error:  # it was there when the launcher looked
                raise CannotWork(f"sound_file.path: {error}") from error
            return FileEar(file.path, lambda: bool(self.settings.sound_file.loop), self.log)
        played = audio.source == "system_sound"
        if played and sys.platform == "darwin":  # its speakers cannot be listened to in any other way
            return _mac_ear(self.log)
        return Ear(lambda: Recorder(audio.which, played, RATE, PIECE, CHANNELS), self.log)


def _mac_ear(log: logging.Logger) -> Source:
    """Raises CannotWork."""
    try:
        from workers.audio._screencapturekit import MacEar
    except ImportError as error:
        raise CannotWork(
            f"audio.source: {error}; pip install pyobjc-framework-ScreenCaptureKit, or take microphone"
        ) from error
    return MacEar(log)


def _peak(frame: Any) -> float:
    """The loudest sample, 1 is full scale."""
    return float(np.abs(frame.to_ndarray()).max(initial=0))
