"""Sound into packets."""

from fractions import Fraction
from typing import Any

import av
import numpy as np

from workers.audio._packets import CHANNELS, RATE, AudioCodec


def silence(codec: AudioCodec) -> bytes:
    """A packet of it."""
    nothing = np.zeros((1, 2 * CHANNELS * codec.frame), np.int16)
    frame = av.AudioFrame.from_ndarray(nothing, format="s16", layout="stereo")
    frame.sample_rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
    return Coder(codec, kbps=64)(frame)[0][1]


class Coder:
    """One codec, from the first sample on."""

    def __init__(self, codec: AudioCodec, kbps: int) -> None:
        self.codec = codec
        context: Any = av.CodecContext.create(codec.encoder, "w")
        context.sample_rate, context.layout, context.bit_rate = RATE, "stereo", 1000 * kbps
        context.format, context.time_base = context.codec.audio_formats[0].name, Fraction(1, RATE)
        self._context = context

    def __call__(self, frame: Any) -> list[tuple[int, bytes]]:
        """The sample at which a packet is heard, and it. The first is before 0, for the encoder's delay."""
        return [(packet.pts, bytes(packet)) for packet in self._context.encode(frame)]
