"""Makes speech of packets; of one that is missing something that is hardly noticed."""

from collections.abc import Mapping
from types import SimpleNamespace

import numpy as np

from shm.layout import Mode
from shm.lease import Lease, OpenSlot
from workers.voice import _pace
from workers.voice._codecs import Denoising, codec_of, decoder_of
from workers.voice._conceal import Concealing
from workers.voice._packets import unpack
from workers.voice._pcm import pcm_of
from workers.worker import Wiring, Worker


class Decoder(Worker):
    """Packets of this machine (`coded`) or of another (`arrived`) → sound int16[320]."""

    history = {"sound": _pace.HISTORY}
    shares = _pace.SECTIONS

    @classmethod
    def wiring(cls, settings: SimpleNamespace) -> Wiring:
        reads = "arrived" if settings.receive.port else "coded"
        return Wiring(reads, None, None, {"sound": codec_of(settings.voice).colour}, {})

    @classmethod
    def mode_for(cls, settings: SimpleNamespace) -> Mode:
        return _pace.to_here(settings)

    @classmethod
    def sizes(cls, settings: SimpleNamespace, rings: Mapping[str, int]) -> dict[str, int]:
        return {"sound": 2 * codec_of(settings.voice).frame}

    def open(self) -> None:
        self._codec = codec_of(self.settings.voice)
        self._begin()
        self._seq = 0

    def process(self, coded: Lease, sound: OpenSlot) -> None:
        packet = unpack(coded.frame.tobytes(), self._codec.bits, self._codec.books)
        if packet.begins and self._seq:
            self._begin()
        self._seq = coded.info.seq
        if self._denoising is not None:
            self._denoising.denoise = self.settings.voice.denoise
        there = len(packet.indices) > 0
        heard = self._hear.heard(packet.indices) if there else self._hear.missed(self._codec.frame)
        sound.view(heard.shape, np.int16)[:] = pcm_of(heard)

    def _begin(self) -> None:
        """Another stream."""
        decode = decoder_of(self.settings.voice)
        self._denoising = decode if isinstance(decode, Denoising) else None
        self._hear = Concealing(decode)
