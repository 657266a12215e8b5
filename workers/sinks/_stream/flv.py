"""Packets as the messages of RTMP, which are the tags of FLV (Adobe's specification 10.1).

FFmpeg's muxer would keep a picture until it has heard the sound of that time.
"""

import struct

from workers.sinks._audience import Packet, Sound
from workers.sinks._h264 import parameter_sets, with_lengths
from workers.sinks._stream.amf import encoded
from workers.sinks._stream.rtmp import DATA, PICTURE, SOUND

KEY, OTHER = 0x17, 0x27  # H.264
AAC = 0xAF
BEGINNING, MORE = 0, 1
AAC_LC = bytes.fromhex("1190")  # its AudioSpecificConfig: 48 kHz, two channels
Tag = tuple[int, int, bytes]  # kind, time in ms, data


class Tags:
    """`begins`: the time, in ns, that is 0 in the stream."""

    def __init__(self, begins: int) -> None:
        self._begins = begins
        self._last = {PICTURE: 0, SOUND: 0}

    def beginning(self, key_packet: bytes, with_sound: bool) -> list[Tag]:
        """What a decoder has to know before all else."""
        sps, pps = parameter_sets(key_packet)
        record = b"\1" + sps[1:4] + b"\xff\xe1" + struct.pack(">H", len(sps)) + sps
        record += b"\1" + struct.pack(">H", len(pps)) + pps
        about = {"videocodecid": 7, **({"audiocodecid": 10} if with_sound else {})}
        tags = [
            (DATA, 0, encoded("@setDataFrame", "onMetaData", about)),
            (PICTURE, 0, bytes([KEY, BEGINNING, 0, 0, 0]) + record),
        ]
        return tags + ([(SOUND, 0, bytes([AAC, BEGINNING]) + AAC_LC)] if with_sound else [])

    def of(self, shown: Packet | Sound) -> Tag:
        kind = SOUND if isinstance(shown, Sound) else PICTURE
        time = max((shown.t_capture - self._begins) // 1_000_000, self._last[kind])
        self._last[kind] = time
        if isinstance(shown, Sound):
            return kind, time, bytes([AAC, MORE]) + shown.data
        return kind, time, bytes([KEY if shown.key else OTHER, MORE, 0, 0, 0]) + with_lengths(shown.data)
