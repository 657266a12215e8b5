"""Packets as fragments of mp4, as browsers take them from WebSockets and HLS."""

from typing import NamedTuple

from workers.audio._packets import RATE, AudioCodec
from workers.sinks._clients import Packet, Sound
from workers.sinks._container import Container
from workers.sinks._h264 import parameter_sets, with_lengths
from workers.sinks._video_codecs import H264
from workers.sinks._web.boxes import beginning_of, fragment

VIDEO, SOUND = 1, 2  # numbers of the tracks
TICKS = 1_000_000  # a second, in the clock of the pictures' track
USUAL = TICKS // 30  # how long the first picture lasts, as far as anybody knows


class Fragment(NamedTuple):
    """`time` in µs from the first picture on. `key`: a decoder can begin at it. `picture`: it is no sound."""

    data: bytes
    time: int
    key: bool
    picture: bool


class Fragments:
    """From the first picture on, at which a decoder can begin, for as long as the size stays. `beginning` is
    what a player needs before all others."""

    def __init__(self, first: Packet, sound: AudioCodec | None, least: int = 0) -> None:
        """`least`: so many µs each picture lasts at least, as far as a player is told. A browser throws all
        away up to the next key frame where a picture comes later than after twice what the one before lasts
        (Media Source Extensions, section 3.5.8); who gives it pictures one by one cannot know that before."""
        self._least = least
        self._parameters, self._sound = parameter_sets(first.data), sound
        self._origin, self._number = first.t_capture, 0
        self._last, self._lasts = -USUAL, USUAL
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

    def made_of(self, shown: Packet | Sound) -> Fragment | None:
        """None: it is of a time before the first picture."""
        time = (shown.t_capture - self._origin) // 1000
        self._number += 1
        if isinstance(shown, Packet):
            time = max(time, self._last + 1)
            self._lasts, self._last = time - self._last, time
            data = with_lengths(shown.data)
            made = fragment(self._number, VIDEO, time, max(self._lasts, self._least), shown.key, data)
            return Fragment(made, time, shown.key, picture=True)
        if time < 0:
            return None
        assert self._sound is not None
        sample = max(time * RATE // 1_000_000, self._heard)
        self._heard = sample + self._sound.frame
        made = fragment(self._number, SOUND, sample, self._sound.frame, True, shown.data)
        return Fragment(made, time, key=False, picture=False)


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
