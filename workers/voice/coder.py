"""Makes packets of speech."""

from collections.abc import Mapping
from types import SimpleNamespace

import numpy as np

from shm.layout import Mode
from shm.lease import Lease, OpenSlot
from workers.voice import _pace
from workers.voice._codecs import codec_of, encoder_of
from workers.voice._packets import nbytes, pack
from workers.worker import Worker


class Coder(Worker):
    """pcm int16[320] → coded uint8[n], a packet; see _packets.py."""

    reads = "pcm"
    writes = {"coded": "VOICE"}
    history = {"coded": _pace.HISTORY}
    shares = _pace.SECTIONS

    @classmethod
    def mode_for(cls, settings: SimpleNamespace) -> Mode:
        return _pace.from_here(settings)

    @classmethod
    def sizes(cls, settings: SimpleNamespace, rings: Mapping[str, int]) -> dict[str, int]:
        codec = codec_of(settings.voice)
        return {"coded": nbytes(codec.books, codec.bits)}

    def open(self) -> None:
        self._codec = codec_of(self.settings.voice)
        self._encode, self._begins = encoder_of(self.settings.voice), True

    def process(self, pcm: Lease, coded: OpenSlot) -> None:
        indices = self._encode(pcm.frame, self._codec.books_for(self.settings.voice.kbps))
        packet = np.frombuffer(pack(indices, self._codec.bits, self._begins), np.uint8)
        coded.view(packet.shape)[:] = packet
        self._begins = False
