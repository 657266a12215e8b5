"""What sinks have to know of H.264 (ITU-T H.264, section 7.4.1 and annex B)."""

import struct
from collections.abc import Iterator

SLICE_IDR, SEI, PARAMETERS, PICTURE_PARAMETERS, DELIMITER = 5, 6, 7, 8, 9  # types of NAL units
START = b"\0\0\1"


def nal_units(packet: bytes) -> Iterator[bytes]:
    """Those of an access unit (Annex B), without their start codes."""
    begin = packet.find(START)
    while begin >= 0:
        end = packet.find(START, begin + 3)
        unit = packet[begin + 3 : end if end >= 0 else len(packet)]
        yield unit.rstrip(b"\0")  # the longer start code, and padding; a unit ends with a set bit
        begin = end


def starts_anew(packet: bytes) -> bool:
    """A decoder can begin at this access unit (Annex B): it brings its parameter sets with it."""
    at = packet.find(b"\0\0\1")
    while at >= 0 and at + 3 < len(packet):
        kind = packet[at + 3] & 31
        if kind not in (DELIMITER, SEI):
            return kind == PARAMETERS
        at = packet.find(b"\0\0\1", at + 3)
    return False


def with_lengths(packet: bytes) -> bytes:
    """An access unit as mp4 and FLV have it: each NAL unit behind its length, and no delimiter."""
    units = [unit for unit in nal_units(packet) if unit and unit[0] & 31 != DELIMITER]
    return b"".join(struct.pack(">I", len(unit)) + unit for unit in units)


def parameter_sets(packet: bytes) -> tuple[bytes, bytes]:
    """Sequence and picture parameter set of an access unit that starts anew."""
    found = {unit[0] & 31: unit for unit in nal_units(packet) if unit}
    return found[PARAMETERS], found[PICTURE_PARAMETERS]
