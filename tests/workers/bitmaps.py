"""Pictures that say they are larger than anybody has."""

import struct


def bitmap(width: int, height: int) -> bytes:
    """So it says; there are hardly any pixels in it."""
    head = struct.pack("<III", 54 + 4096, 0, 54)
    return b"BM" + head + struct.pack("<IiiHH6I", 40, width, height, 1, 24, *[0] * 6) + bytes(4096)
