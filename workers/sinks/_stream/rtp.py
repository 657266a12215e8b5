"""RTP: packets of video and sound as RFC 6184 and RFC 3640 cut them, and sender reports, by which a player
brings the two together (RFC 3550)."""

import secrets
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from workers.sinks._h264 import DELIMITER, nal_units

MOST = 1400  # bytes of one payload: what a network carries in one piece
FRAGMENT = 28  # FU-A
NEXT = bytes((DELIMITER, 0xF0))
"""The delimiter of the next picture, sent behind each at about the time that the next will have: without it
FFmpeg's players know that one has ended only when the next has come, a frame later."""
LEAST_GAP, USUAL_GAP, LONGEST_GAP = 1_000_000, 33_000_000, 100_000_000  # ns between two pictures
_HEADER = struct.Struct(">BBHII")
_REPORT = struct.Struct(">BBHIIIIII")
VERSION, MARKER = 0x80, 0x80
SENDER_REPORT, DESCRIPTION, CNAME = 200, 202, 1
NTP_BEGINS = 2_208_988_800  # seconds before 1970
NAME = b"stereoring"
_WALL = time.time_ns() - time.perf_counter_ns()  # what to add to a frame's time for the time of day


@dataclass
class Flow:
    """One stream of RTP to one reader: numbers its packets and puts their times into its own clock."""

    payload_type: int
    rate: int
    ssrc: int = field(default_factory=lambda: secrets.randbits(32))
    seq: int = field(default_factory=lambda: secrets.randbits(16))
    offset: int = field(default_factory=lambda: secrets.randbits(32))
    packets: int = 0
    octets: int = 0

    def packet(self, payload: bytes, t_capture: int, last: bool) -> bytes:
        """`last`: of a picture; a frame of sound is always one packet."""
        kind = self.payload_type | MARKER * last
        header = _HEADER.pack(VERSION, kind, self.seq, self.stamp(t_capture), self.ssrc)
        self.seq = self.seq + 1 & 0xFFFF
        self.packets, self.octets = self.packets + 1, self.octets + len(payload)
        return header + payload

    def stamp(self, t_capture: int) -> int:
        """A frame's time, ns, in this stream's clock."""
        return t_capture * self.rate // 1_000_000_000 + self.offset & 0xFFFFFFFF

    def report(self, now: int) -> bytes:
        """A sender report, and who sends it: that it was `now` in this stream's clock at this time of day."""
        seconds, ns = divmod(now + _WALL, 1_000_000_000)
        numbers = ((seconds + NTP_BEGINS) & 0xFFFFFFFF, (ns << 32) // 1_000_000_000, self.stamp(now))
        counts = self.packets & 0xFFFFFFFF, self.octets & 0xFFFFFFFF
        item = struct.pack(">IBB", self.ssrc, CNAME, len(NAME)) + NAME
        item += bytes(4 - len(item) % 4)  # ends with at least one zero
        who = struct.pack(">BBH", VERSION | 1, DESCRIPTION, len(item) // 4) + item
        return _REPORT.pack(VERSION, SENDER_REPORT, 6, self.ssrc, *numbers, *counts) + who


class Due:
    """When the next picture is due, in ns. FFmpeg's players take this, the time of its delimiter, for its
    time; it must never go back, however unevenly pictures come."""

    def __init__(self) -> None:
        self._shown, self._gap, self._due = 0, USUAL_GAP, 0

    def after(self, shown: int) -> int:
        gap = min(shown - self._shown, LONGEST_GAP)
        self._gap, self._shown = self._gap + (gap - self._gap) // 8, shown
        self._due = max(shown + self._gap, self._due + LEAST_GAP)
        return self._due


def picture_payloads(packet: bytes) -> Iterator[tuple[bytes, bool]]:
    """Those of one picture (H.264, Annex B), and whether it is the last: RFC 6184, packetization mode 1."""
    units = [unit for unit in nal_units(packet) if unit and unit[0] & 31 != DELIMITER]
    for number, unit in enumerate(units):
        last = number == len(units) - 1
        if len(unit) <= MOST:
            yield unit, last
        else:
            yield from _fragments(unit, last)


def _fragments(unit: bytes, last: bool) -> Iterator[tuple[bytes, bool]]:
    indicator, kind = unit[0] & 0xE0 | FRAGMENT, unit[0] & 31
    step = MOST - 2
    for begin in range(1, len(unit), step):
        ends = begin + step >= len(unit)
        head = bytes((indicator, kind | 0x80 * (begin == 1) | 0x40 * ends))
        yield head + unit[begin : begin + step], last and ends


def sound_payload(frame: bytes) -> bytes:
    """Of one frame of AAC: RFC 3640, mode AAC-hbr."""
    return struct.pack(">HH", 16, len(frame) << 3) + frame
