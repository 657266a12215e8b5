"""Packets as fragments of mp4, as browsers take them from WebSockets and HLS."""

from workers.audio._packets import RATE, AudioCodec
from workers.sinks._clients import Packet, Sound
from workers.sinks._container import Container
from workers.sinks._h264 import parameter_sets, with_lengths
from workers.sinks._video_codecs import H264
from workers.sinks._web.boxes import beginning_of, fragment

VIDEO, SOUND = 1, 2  # numbers of the tracks
TICKS = 1_000_000  # a second, in the clock of the pictures' track


class Fragments:
    """From the first picture on, at which a decoder can begin, for as long as the size stays. `beginning` is
    what a player needs before all others."""

    def __init__(self, first: Packet, sound: AudioCodec | None) -> None:
        self._parameters, self._sound = parameter_sets(first.data), sound
        self._origin, self._number = first.t_capture, 0
        self._last = -1
        self._heard = 0  # samples
        self.beginning = _beginning(first, sound)

    @property
    def codecs(self) -> str:
        """As RFC 6381 has them."""
        video = f"avc1.{self._parameters[0][1:4].hex()}"
        return f"{video},mp4a.40.2" if self._sound else video

    def goes_on_with(self, shown: Packet | Sound) -> bool:
        """Another size needs other fragments."""
        return isinstance(shown, Sound) or not shown.key or parameter_sets(shown.data) == self._parameters

    def time_of(self, packet: Packet) -> int:
        """µs from the first picture on; asked once of each, in their order."""
        self._last = max((packet.t_capture - self._origin) // 1000, self._last + 1)
        return self._last

    def picture(self, packet: Packet, time: int, lasts: int) -> bytes:
        """A browser throws all away up to the next key frame where a picture comes later than after twice
        what the one before lasts (Media Source Extensions, section 3.5.8)."""
        self._number += 1
        return fragment(self._number, VIDEO, time, lasts, packet.key, with_lengths(packet.data))

    def sound(self, sound: Sound) -> bytes:
        """Nothing, if it is of a time before the first picture."""
        time = (sound.t_capture - self._origin) // 1000
        if time < 0:
            return b""
        assert self._sound is not None
        self._number += 1
        sample = max(time * RATE // TICKS, self._heard)
        self._heard = sample + self._sound.frame
        return fragment(self._number, SOUND, sample, self._sound.frame, True, sound.data)


class _Memory(bytearray):
    def write(self, data: bytes) -> int:
        self += data
        return len(data)


def _beginning(first: Packet, sound: AudioCodec | None) -> bytes:
    """By FFmpeg's muxer, which knows what has to be said of the codecs."""
    memory = _Memory()
    options = {"movflags": "empty_moov+default_base_moof", "flush_packets": "1"}
    container = Container(memory, "mp4", H264, first.data, sound=sound, options=options)
    container.picture(first.data, first.t_capture, key=True)
    container.close()
    return beginning_of(bytes(memory))
