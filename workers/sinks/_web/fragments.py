"""Packets as fragments of mp4, as browsers take them from WebSockets and HLS."""

from workers.audio._packets import AudioCodec
from workers.sinks._audience import Packet, Sound
from workers.sinks._container import Container
from workers.sinks._h264 import PARAMETERS, nal_units
from workers.sinks._video_codecs import H264

MUXER = {"movflags": "empty_moov+default_base_moof+frag_every_frame", "flush_packets": "1"}
"""A fragment is written when the next picture comes, which says how long the last one lasts."""


class Fragments:
    """From the first picture on, at which a decoder can begin, for as long as the size stays."""

    def __init__(self, first: Packet, sound: AudioCodec | None, stereo: str) -> None:
        self._made = bytearray()
        self._parameters = _parameters(first)
        self._container = Container(self, "mp4", H264, first.data, sound=sound, stereo=stereo, options=MUXER)

    @property
    def codecs(self) -> str:
        """As RFC 6381 has them."""
        video = f"avc1.{self._parameters[1:4].hex()}"
        return f"{video},mp4a.40.2" if self._container.sound else video

    def goes_on_with(self, shown: Packet | Sound) -> bool:
        """Another size needs other fragments."""
        return isinstance(shown, Sound) or not shown.key or _parameters(shown) == self._parameters

    def add(self, shown: Packet | Sound) -> None:
        if isinstance(shown, Sound):
            self._container.hear(shown.data, shown.t_capture)
        else:
            self._container.picture(shown.data, shown.t_capture, shown.key)

    def take(self) -> bytes:
        """What has been made since the last time."""
        made, self._made = bytes(self._made), bytearray()
        return made

    def write(self, data: bytes) -> int:
        """For the muxer."""
        self._made += data
        return len(data)


def _parameters(packet: Packet) -> bytes:
    return next(unit for unit in nal_units(packet.data) if unit[0] & 31 == PARAMETERS)
