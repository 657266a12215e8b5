"""Makes speech of packets; of one that is missing something that is hardly noticed."""

from collections.abc import Mapping
from types import SimpleNamespace

import numpy as np

from shm.layout import Mode
from shm.lease import Lease, OpenSlot
from workers.voice import _lyra, _pace
from workers.voice._conceal import Concealing
from workers.voice._packets import unpack
from workers.worker import Wiring, Worker


class Decoder(Worker):
    """Packets of this machine (`coded`) or of another (`arrived`) → sound int16[320]."""

    writes = {"sound": f"{_lyra.RATE} Hz"}
    history = {"sound": _pace.HISTORY}
    shares = _pace.SECTIONS

    @classmethod
    def wiring(cls, settings: SimpleNamespace) -> Wiring:
        return Wiring("arrived" if settings.receive.port else "coded", None, None, cls.writes, {})

    @classmethod
    def mode_for(cls, settings: SimpleNamespace) -> Mode:
        return _pace.to_here(settings)

    @classmethod
    def sizes(cls, settings: SimpleNamespace, rings: Mapping[str, int]) -> dict[str, int]:
        return {"sound": 2 * _lyra.FRAME}

    def open(self) -> None:
        self._hear = Concealing(_lyra.Decoder())
        self._seq = 0

    def process(self, coded: Lease, sound: OpenSlot) -> None:
        packet = unpack(coded.frame.tobytes(), _lyra.BITS, _lyra.BOOKS)
        if packet.begins and self._seq:
            self._hear = Concealing(_lyra.Decoder())
        self._seq = coded.info.seq
        heard = self._hear.heard(packet.indices) if len(packet.indices) else self._hear.missed(_lyra.FRAME)
        sound.view(heard.shape, np.int16)[:] = np.clip(heard * 32768, -32768, 32767)
