"""Encoders that answer each picture with its packet at once; the system's own where one works, by trying."""

import time
from fractions import Fraction
from typing import NamedTuple

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.codec.context import Flags
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

from workers.encode import Codec
from workers.encode._options import options_of, pixel_format
from workers.encode._svt_av1 import let_clear_up, open_quietly

ENCODERS: dict[Codec, tuple[str, ...]] = {
    "h264": ("h264_nvenc", "h264_videotoolbox", "h264_qsv", "h264_amf", "h264_mf", "libx264"),
    "hevc": ("hevc_nvenc", "hevc_videotoolbox", "hevc_qsv", "hevc_amf", "hevc_mf", "libx265"),
    "av1": ("av1_nvenc", "av1_qsv", "av1_amf", "libsvtav1"),
}
"""In the order in which they are tried; the processor's own is the last. FFmpeg waits for AMD's
about two milliseconds a picture, so theirs are taken for small pictures and with quick GPUs only."""
MICROSECONDS = Fraction(1, 1_000_000)
USUAL_RATE = 60  # frames a second; only a hint for those that share out bits
TRIED = 3  # pictures


class NoEncoder(Exception):
    """None of the encoders works; the message says why, of each."""


class Wanted(NamedTuple):
    """What an encoder is made for. `packing`: how the two views lie in it, for the stream to say."""

    height: int
    width: int
    quality: int
    packing: int | None
    threads: int


class Encoder:
    """One open encoder for pictures of one size. Raises FFmpegError where it does not work."""

    def __init__(self, name: str, wanted: Wanted) -> None:
        self.name = name
        context = av.CodecContext.create(name, "w")
        assert isinstance(context, VideoCodecContext)
        context.width, context.height, context.pix_fmt = wanted.width, wanted.height, pixel_format(name)
        context.time_base, context.framerate = MICROSECONDS, Fraction(USUAL_RATE)
        context.max_b_frames = 0
        if name.endswith("_amf"):
            context.flags |= Flags.low_delay  # else FFmpeg asks AMD's for a packet with the next picture only
        context.gop_size = 1_000_000  # key frames come when somebody needs one
        context.thread_count = wanted.threads
        context.color_range, context.colorspace = ColorRange.MPEG, Colorspace.SMPTE170M
        context.color_primaries, context.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
        context.options = options_of(name, wanted.quality, wanted.packing)
        open_quietly(context)
        self._context, self._yuv = context, np.empty((wanted.height * 3 // 2, wanted.width), np.uint8)
        self._pts, self._answered = 0, 0.0

    def encode(self, picture: npt.NDArray[np.uint8], key: bool) -> list[bytes]:
        """uint8[height, width, 3], RGB → packets (Annex B; of AV1 OBUs); with `key` one at which a decoder
        can begin."""
        cv2.cvtColor(picture, cv2.COLOR_RGB2YUV_I420, dst=self._yuv)  # BT.601, five times as quick as swscale
        frame = av.VideoFrame.from_ndarray(self._yuv, format="yuv420p").reformat(format=self._context.pix_fmt)
        frame.color_range, frame.colorspace = ColorRange.MPEG, Colorspace.SMPTE170M
        self._pts += 1_000_000 // USUAL_RATE
        frame.pts, frame.time_base = self._pts, MICROSECONDS
        frame.pict_type = PictureType.I if key else PictureType.NONE
        let_clear_up(self.name, self._answered)
        packets = [bytes(packet) for packet in self._context.encode(frame)]
        self._answered = time.monotonic()
        return packets

    def close(self) -> None:
        """One of them complains where it is not told that this is the end."""
        self._context.encode(None)


def open_encoder(codec: Codec, name: str, wanted: Wanted) -> tuple[Encoder, str]:
    """The named encoder, or with "auto" the first of the codec's that works; and why not those before it.
    Raises NoEncoder."""
    names = ENCODERS[codec] if name == "auto" else (name,)
    reasons: list[str] = []
    for one in names:
        if one not in ENCODERS[codec]:
            raise NoEncoder(f"{one} makes no {codec}; {', '.join(ENCODERS[codec])} do")
        if one not in av.codecs_available:
            reasons.append(f"{one}: is not for this system")
            continue
        try:
            problem = _trial(one, wanted)
            if problem is None:
                return Encoder(one, wanted), "; ".join(reasons)
        except FFmpegError as error:
            problem = error.strerror or str(error)
        reasons.append(f"{one}: {problem}")
    raise NoEncoder("; ".join(reasons))


def _trial(name: str, wanted: Wanted) -> str | None:
    """What is wrong with it. One that keeps pictures back is no good for a live picture."""
    encoder = Encoder(name, wanted)
    grey = np.full((wanted.height, wanted.width, 3), 128, np.uint8)
    answers = [len(encoder.encode(grey, key=number == 0)) for number in range(TRIED)]
    encoder.close()
    return None if answers == [1] * TRIED else "does not answer each picture at once"
