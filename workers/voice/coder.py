"""Makes packets of speech."""

from collections.abc import Mapping
from types import SimpleNamespace

import numpy as np

from shm.layout import Mode
from shm.lease import Lease, OpenSlot
from workers.voice import _lyra, _pace
from workers.voice._packets import nbytes, pack
from workers.worker import Worker


class Coder(Worker):
    """pcm int16[320] → coded uint8[n], a packet; see _packets.py."""

    reads = "pcm"
    writes = {"coded": "LYRA"}
    history = {"coded": _pace.HISTORY}
    shares = _pace.SECTIONS

    @classmethod
    def mode_for(cls, settings: SimpleNamespace) -> Mode:
        return _pace.from_here(settings)

    @classmethod
    def sizes(cls, settings: SimpleNamespace, rings: Mapping[str, int]) -> dict[str, int]:
        return {"coded": nbytes(_lyra.BOOKS, _lyra.BITS)}

    def open(self) -> None:
        self._encode, self._begins = _lyra.Encoder(), True

    def process(self, pcm: Lease, coded: OpenSlot) -> None:
        indices = self._encode(pcm.frame, _lyra.books_for(self.settings.voice.kbps))
        packet = np.frombuffer(pack(indices, _lyra.BITS, self._begins), np.uint8)
        coded.view(packet.shape)[:] = packet
        self._begins = False
