"""The boxes of a fragment of mp4 with one picture or piece of sound (ISO/IEC 14496-12).

FFmpeg's muxer keeps each picture until the next has come, and beside sound writes times that are not so.
"""

import struct

BASE_IS_MOOF, WITH_ALL = 0x020000, 0x000701  # flags: of tfhd, and of trun: offset, duration, size, flags
KEY, OTHER = 0x02000000, 0x01010000  # flags of a picture


def box(kind: bytes, *parts: bytes) -> bytes:
    data = b"".join(parts)
    return struct.pack(">I", 8 + len(data)) + kind + data


def full_box(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


def fragment(number: int, track: int, time: int, duration: int, key: bool, data: bytes) -> bytes:
    """`time` and `duration` in the track's own clock."""
    sample = struct.pack(">III", duration, len(data), KEY if key else OTHER)
    head = len(_moof(number, track, time, sample, 0))
    return _moof(number, track, time, sample, head + 8) + box(b"mdat", data)


def beginning_of(data: bytes) -> bytes:
    """What a muxer has written before its first fragment."""
    at = 0
    while at + 8 <= len(data) and data[at + 4 : at + 8] in (b"ftyp", b"moov"):
        at += int.from_bytes(data[at : at + 4], "big")
    return data[:at]


def _moof(number: int, track: int, time: int, sample: bytes, offset: int) -> bytes:
    """`offset`: from its own beginning to the data."""
    return box(
        b"moof",
        full_box(b"mfhd", 0, 0, struct.pack(">I", number)),
        box(
            b"traf",
            full_box(b"tfhd", 0, BASE_IS_MOOF, struct.pack(">I", track)),
            full_box(b"tfdt", 1, 0, struct.pack(">Q", time)),
            full_box(b"trun", 0, WITH_ALL, struct.pack(">Ii", 1, offset), sample),
        ),
    )
