"""Video for whoever wants it: one encoder, and as many sinks as like behind it."""

import time
from collections.abc import Mapping
from types import SimpleNamespace

import numpy as np

from shm.lease import Lease, OpenSlot
from workers.encode import COLOURS, Codec
from workers.encode._encoders import Encoder, NoEncoder, Wanted, open_encoder
from workers.encode._fit import Fit
from workers.encode._options import PACKINGS, SAYS_PACKING
from workers.worker import CannotWork, Wiring, Worker

SPOKEN: dict[Codec, str] = {"h264": "H.264", "hevc": "HEVC", "av1": "AV1"}
LEAST_BYTES, OF_PICTURE = 64 * 1024, 16  # a larger packet has the ring made larger
NEW_LAYOUT = 3.0  # seconds in which pictures of a new layout, and with it of a new size, come


class Packets(Worker):
    """picture uint8[rows, columns, 3] → packet uint8[n]: one access unit (Annex B, or OBUs of AV1).

    A packet can only be decoded after all before it, back to the last key frame (with its parameter sets);
    `again` asks for one. The size is that of the settings, else of the layout's first picture, whatever size
    others have: who sends a stream on or writes a file could not go on with another.
    """

    reads = "picture"
    history = {"packets": 32}
    threads = 4
    shares = ("stereo",)

    @classmethod
    def wiring(cls, settings: SimpleNamespace) -> Wiring:
        return Wiring(cls.reads, None, None, {"packets": COLOURS[settings.encode.codec]}, {})

    @classmethod
    def sizes(cls, settings: SimpleNamespace, rings: Mapping[str, int]) -> dict[str, int]:
        wanted = 3 * settings.encode.width * settings.encode.height
        return {"packets": max(LEAST_BYTES, (wanted or rings["picture"]) // OF_PICTURE)}

    def open(self) -> None:
        self._encoder: Encoder | None = None
        self._made_for: tuple[object, ...] = ()
        self._size = (0, 0)
        self._layout, self._layout_since = self.settings.stereo.layout, float("-inf")
        self._key_wanted = True

    def close(self) -> None:
        if self._encoder is not None:
            self._encoder.close()

    def wake(self) -> None:
        """The pictures that came meanwhile are not in the stream."""
        self._key_wanted = True

    def again(self) -> None:
        self._key_wanted = True

    def process(self, picture: Lease, packet: OpenSlot) -> bool:
        encoder = self._encoder_for(picture.info.shape)
        pixels = self._fit(picture.frame, self._layout)
        made = encoder.encode(np.ascontiguousarray(pixels), self._key_wanted)
        if not made:
            return False  # it drops pictures under load; the next packet goes on from the one before
        self._key_wanted = True  # in case it does not fit, and is lost
        data = np.frombuffer(b"".join(made), np.uint8)
        packet.view(data.shape)[:] = data
        self._key_wanted = False
        return True

    def _encoder_for(self, shape: tuple[int, ...]) -> Encoder:
        encode, stereo = self.settings.encode, self.settings.stereo
        height, width = self._size_for(shape)
        packing = None if stereo.swap_eyes else PACKINGS.get(stereo.layout)  # it cannot say "swapped"
        wanted = Wanted(height, width, encode.quality, packing, self.host.threads)
        if self._encoder is None or wanted != self._made_for:
            self.close()
            with self.host.busy("trying the encoders", limit=60):
                self._encoder = self._opened(wanted)
            self._made_for, self._fit, self._key_wanted = wanted, Fit(height, width), True
        return self._encoder

    def _size_for(self, shape: tuple[int, ...]) -> tuple[int, int]:
        """Once settled it stays, but for another layout."""
        encode, layout, now = self.settings.encode, self.settings.stereo.layout, time.monotonic()
        if encode.width:
            self._size = encode.height, encode.width
        if layout != self._layout:
            self._layout, self._layout_since = layout, now
        if not encode.width and (self._size == (0, 0) or now - self._layout_since < NEW_LAYOUT):
            self._size = shape[0] & ~1, shape[1] & ~1
        return self._size

    def _opened(self, wanted: Wanted) -> Encoder:
        encode = self.settings.encode
        name = SPOKEN[encode.codec]
        try:
            encoder, others = open_encoder(encode.codec, encode.encoder, wanted)
        except NoEncoder as error:
            raise CannotWork(
                f"encode.encoder: no {name} of {wanted.width} x {wanted.height}: {error}"
            ) from error
        self.log.info("%s by %s%s", name, encoder.name, f" ({others})" if others else "")
        if wanted.packing is not None and encoder.name not in SAYS_PACKING:
            self.log.info(
                "%s cannot say in the video how the views lie; files and streams say it", encoder.name
            )
        return encoder
