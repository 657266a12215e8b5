"""H.264 for whoever wants video: one encoder, and as many sinks as like behind it."""

from collections.abc import Mapping
from types import SimpleNamespace

import numpy as np

from shm.lease import Lease, OpenSlot
from workers.encode._encoders import Encoder, NoEncoder, open_encoder
from workers.worker import CannotWork, Worker

LEAST_BYTES, OF_PICTURE = 64 * 1024, 16  # a larger packet has the ring made larger


class H264(Worker):
    """picture uint8[rows, columns, 3] → packet uint8[n]: one access unit, Annex B, of full even size.

    A packet can only be decoded after all before it, back to the last key frame (an IDR picture with its
    parameter sets); `again` asks for one.
    """

    reads = "picture"
    writes = {"packets": "H264"}
    history = {"packets": 16}
    threads = 4

    @classmethod
    def sizes(cls, settings: SimpleNamespace, rings: Mapping[str, int]) -> dict[str, int]:
        return {"packets": max(LEAST_BYTES, rings["picture"] // OF_PICTURE)}

    def open(self) -> None:
        self._encoder: Encoder | None = None
        self._made_for: tuple[object, ...] = ()
        self._key_wanted = True

    def wake(self) -> None:
        """The pictures that came meanwhile are not in the stream."""
        self._key_wanted = True

    def again(self) -> None:
        self._key_wanted = True

    def process(self, picture: Lease, packet: OpenSlot) -> bool:
        rows, columns = (size & ~1 for size in picture.info.shape[:2])
        encoder = self._encoder_for(rows, columns)
        pixels = np.ascontiguousarray(picture.frame[:rows, :columns])
        made = encoder.encode(pixels, self._key_wanted)
        if not made:
            return False  # it drops pictures under load; the next packet goes on from the one before
        self._key_wanted = True  # in case it does not fit, and is lost
        data = np.frombuffer(b"".join(made), np.uint8)
        packet.view(data.shape)[:] = data
        self._key_wanted = False
        return True

    def _encoder_for(self, rows: int, columns: int) -> Encoder:
        encode = self.settings.encode
        wanted = (encode.encoder, encode.quality, rows, columns)
        if self._encoder is None or wanted != self._made_for:
            with self.host.busy("trying the encoders", limit=60):
                self._encoder = self._opened(encode.encoder, rows, columns, encode.quality)
            self._made_for, self._key_wanted = wanted, True
        return self._encoder

    def _opened(self, name: str, rows: int, columns: int, quality: int) -> Encoder:
        try:
            encoder, others = open_encoder(name, rows, columns, quality, self.host.threads)
        except NoEncoder as error:
            raise CannotWork(f"encode.encoder: no H.264 of {columns} x {rows}: {error}") from error
        self.log.info("H.264 by %s%s", encoder.name, f" ({others})" if others else "")
        return encoder
