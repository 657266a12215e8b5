"""What sinks have to know of the codecs of ring `packets`: where a decoder can begin."""

from collections.abc import Callable
from typing import NamedTuple

from workers.sinks import _h264

HEVC_PARAMETERS, HEVC_BEFORE = 32, (35, 39)  # types of NAL units: parameters, and what may come before them
OBU_SEQUENCE, OBU_DELIMITER = 1, 2


class VideoCodec(NamedTuple):
    """`colour` is what the ring says; `raw` FFmpeg's name of the format that a packet by itself is in."""

    colour: str
    raw: str
    starts_anew: Callable[[bytes], bool]


def hevc_starts_anew(packet: bytes) -> bool:
    """A decoder can begin at this access unit (Annex B): it brings its parameter sets with it."""
    at = packet.find(b"\0\0\1")
    while at >= 0 and at + 3 < len(packet):
        kind = packet[at + 3] >> 1 & 63
        if kind not in HEVC_BEFORE:
            return kind == HEVC_PARAMETERS
        at = packet.find(b"\0\0\1", at + 3)
    return False


def av1_starts_anew(packet: bytes) -> bool:
    """A decoder can begin at this temporal unit: a sequence header stands at its head."""
    at = 0
    while at < len(packet):
        kind, has_size = packet[at] >> 3 & 15, packet[at] & 2
        if kind != OBU_DELIMITER:
            return kind == OBU_SEQUENCE
        at += 2 if has_size else 1  # a delimiter is empty
    return False


H264 = VideoCodec("H264", "h264", _h264.starts_anew)
HEVC = VideoCodec("HEVC", "hevc", hevc_starts_anew)
AV1 = VideoCodec("AV1", "obu", av1_starts_anew)
BY_COLOUR = {codec.colour: codec for codec in (H264, HEVC, AV1)}
