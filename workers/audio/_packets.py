"""Packets of sound as ring `audio` has them: one byte that says the codec, then the packet. All of it is
stereo, 48 kHz."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

RATE, CHANNELS = 48_000, 2


class AudioCodec(NamedTuple):
    """`encoder` is FFmpeg's name of it; `frame` how many samples are in a packet."""

    name: str
    encoder: str
    number: int
    frame: int


AAC = AudioCodec("aac", "aac", 1, 1024)
OPUS = AudioCodec("opus", "libopus", 2, 960)
CODECS = (AAC, OPUS)
_BY_NUMBER = {codec.number: codec for codec in CODECS}
LARGEST = 1 + 4096  # bytes; AAC has at most 768 for each channel, Opus 1275 for each of up to three frames


def packed(codec: AudioCodec, data: bytes) -> npt.NDArray[np.uint8]:
    return np.frombuffer(bytes([codec.number]) + data, np.uint8)


def unpacked(frame: npt.NDArray[np.uint8]) -> tuple[AudioCodec, bytes]:
    """Raises KeyError for what is no packet of sound."""
    data = frame.tobytes()
    return _BY_NUMBER[data[0]], data[1:]
