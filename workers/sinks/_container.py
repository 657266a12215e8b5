"""Packets from the rings into a container, by FFmpeg's own muxers: files, fragments of mp4, streams.

The muxers have to know a stream's parameters before its first packet. Of a picture's they come from the first
packet at which a decoder can begin, read by FFmpeg itself; of a sound's from an encoder like ours.
"""

import io
from collections.abc import Mapping
from contextlib import ExitStack
from fractions import Fraction
from typing import Any, Protocol

import av

from workers.audio._coder import silence
from workers.audio._packets import RATE, AudioCodec
from workers.sinks._stereo_template import template
from workers.sinks._video_codecs import VideoCodec

MICROSECONDS = Fraction(1, 1_000_000)
LEAST_STEP = 1000  # µs between two pictures; some containers count in milliseconds
PATIENCE = 500_000  # µs that pictures wait for sound of the same time, or sound for pictures


class Sink(Protocol):
    """What a container can be written into besides a path."""

    def write(self, data: bytes, /) -> int: ...


class Container:
    """One container with pictures, and sound where `sound` says which. Raises FFmpegError, OSError or
    ValueError, here and in every method: for a path that cannot be written, a codec that the format does not
    take, a full disk."""

    def __init__(
        self,
        into: str | Sink,
        form: str,
        video: VideoCodec,
        first: bytes,
        *,
        stereo: str = "mono",
        sound: AudioCodec | None = None,
        options: Mapping[str, str] = {},
    ) -> None:
        """`form` is FFmpeg's name of the format, `first` a packet at which a decoder can begin; it is not
        written. `stereo` in the words of _stereo_mode. `options` are the muxer's."""
        self.sound = sound
        self._origin: int | None = None
        self._last = {"video": -LEAST_STEP, "audio": -1}
        # "unofficial": the boxes with which an mp4 says where the two views are
        general = {"strict": "unofficial", "max_interleave_delta": str(PATIENCE)}
        self._out: Any = av.open(into, "w", format=form, options={**general, **options})
        self._video = self._add_video(first, video, stereo)
        if form in ("matroska", "webm"):
            self._video.metadata["stereo_mode"] = stereo
        self._audio = None
        if sound is not None:
            self._audio = self._out.add_stream(sound.encoder, rate=RATE, layout="stereo", bit_rate=128_000)

    def picture(self, data: bytes, t_capture: int, key: bool) -> None:
        """The first one is the beginning: its time, in ns, is 0 in the container."""
        if self._origin is None:
            self._origin = t_capture
            if self.sound is not None:  # or an mp4 would wait with all it has for a sound that may never come
                self._mux(silence(self.sound), self._audio, t_capture, 1, True)
        self._mux(data, self._video, t_capture, LEAST_STEP, key)

    def hear(self, data: bytes, t_capture: int) -> None:
        """A packet of the sound. What is older than the first picture is left out."""
        if self._origin is not None and t_capture >= self._origin:
            self._mux(data, self._audio, t_capture, 1, True)

    def close(self) -> None:
        self._out.close()

    def _add_video(self, first: bytes, codec: VideoCodec, stereo: str) -> Any:
        """The parameter sets stay as they are in the packets (Annex B), so that the muxers know what these
        are like."""
        with ExitStack() as opened:
            raw = opened.enter_context(av.open(io.BytesIO(first), "r", format=codec.raw)).streams.video[0]
            like = raw if stereo == "mono" else template(raw, _key_packet(first), stereo, opened)
            stream = self._out.add_stream_from_template(like, opaque=True)
            stream.codec_context.extradata = raw.codec_context.extradata
        stream.time_base = MICROSECONDS
        return stream

    def _mux(self, data: bytes, stream: Any, t_capture: int, step: int, key: bool) -> None:
        assert self._origin is not None
        time = max((t_capture - self._origin) // 1000, self._last[stream.type] + step)
        self._last[stream.type] = time
        packet: Any = av.Packet(data)
        packet.stream, packet.time_base, packet.is_keyframe = stream, MICROSECONDS, key
        packet.pts = packet.dts = time
        self._out.mux_one(packet)


def size_of(first: bytes, codec: VideoCodec) -> tuple[int, int]:
    """Width and height of the pictures that begin with this packet."""
    with av.open(io.BytesIO(first), "r", format=codec.raw) as raw:
        stream = raw.streams.video[0]
        return stream.width, stream.height


def _key_packet(data: bytes) -> Any:
    packet: Any = av.Packet(data)
    packet.time_base, packet.is_keyframe = MICROSECONDS, True
    return packet
