"""What sinks have to know of H.264 (ITU-T H.264, section 7.4.1 and annex B)."""

SLICE_IDR, SEI, PARAMETERS, DELIMITER = 5, 6, 7, 9  # types of NAL units


def starts_anew(packet: bytes) -> bool:
    """A decoder can begin at this access unit (Annex B): it brings its parameter sets with it."""
    at = packet.find(b"\0\0\1")
    while at >= 0 and at + 3 < len(packet):
        kind = packet[at + 3] & 31
        if kind not in (DELIMITER, SEI):
            return kind == PARAMETERS
        at = packet.find(b"\0\0\1", at + 3)
    return False
