"""Packets of video and sound as the rings have them, made by the real encoders."""

import time
from fractions import Fraction
from typing import Any

import av
import numpy as np

from workers.audio._packets import RATE, AudioCodec
from workers.encode._svt_av1 import let_clear_up, open_quietly
from workers.sinks._video_codecs import AV1, H264, HEVC, VideoCodec

MICROSECONDS = Fraction(1, 1_000_000)
BEGIN = 5_000_000_000  # ns
ENCODERS: dict[VideoCodec, tuple[str, dict[str, str]]] = {
    H264: ("libx264", {"preset": "ultrafast", "tune": "zerolatency"}),
    HEVC: ("libx265", {"preset": "ultrafast", "tune": "zerolatency", "x265-params": "log-level=error"}),
    AV1: ("libsvtav1", {"preset": "12", "svtav1-params": "pred-struct=1"}),
}
Timed = tuple[int, bytes]


def pictures(codec: VideoCodec, count: int = 20) -> list[Timed]:
    """Time in ns and packet, 20 a second, the last ones in the order in which they were made."""
    name, options = ENCODERS[codec]
    context: Any = av.CodecContext.create(name, "w")
    context.width, context.height, context.pix_fmt = 160, 96, "yuv420p"
    context.time_base, context.framerate = MICROSECONDS, Fraction(20)
    context.max_b_frames, context.gop_size, context.options = 0, 10, options
    open_quietly(context)
    made = []
    for number in [*range(count), None]:
        frame = None
        if number is not None:
            frame = av.VideoFrame.from_ndarray(np.full((144, 160), 10 * number, np.uint8), format="yuv420p")
            frame.pts, frame.time_base = 50_000 * number, MICROSECONDS
        made += [(BEGIN + 1000 * packet.pts, bytes(packet)) for packet in context.encode(frame)]
        let_clear_up(name, time.monotonic())
    return made


def sound(codec: AudioCodec, seconds: float = 1.0) -> list[Timed]:
    context: Any = av.CodecContext.create(codec.encoder, "w")
    context.sample_rate, context.layout, context.bit_rate = RATE, "stereo", 96_000
    context.format = context.codec.audio_formats[0].name
    tone = np.int16(8000 * np.sin(np.arange(round(RATE * seconds)) * 2 * np.pi * 440 / RATE))
    frame = av.AudioFrame.from_ndarray(tone.repeat(2).reshape(1, -1), format="s16", layout="stereo")
    frame.sample_rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
    return [
        (BEGIN + packet.pts * 1_000_000_000 // RATE, bytes(packet))
        for packet in [*context.encode(frame), *context.encode(None)]
    ]
