"""H.264 encoders that answer each picture with its packet at once; the system's own where one works, by
trying."""

from fractions import Fraction

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

HARDWARE = ("h264_nvenc", "h264_videotoolbox", "h264_qsv", "h264_amf", "h264_mf")
SOFTWARE = "libx264"
MICROSECONDS = Fraction(1, 1_000_000)
USUAL_RATE = 60  # frames a second; only a hint for those that share out bits
TRIED = 3  # pictures


class NoEncoder(Exception):
    """None of the encoders works; the message says why, of each."""


def options_of(name: str, quality: int) -> dict[str, str]:
    """What makes an encoder quick and constant in quality (10 to 40, less is better: x264's CRF or what comes
    near to it), and an asked-for key frame one at which a decoder can begin."""
    number = str(quality)
    return {
        "libx264": {
            "preset": "ultrafast",
            "tune": "zerolatency",
            "crf": number,
            "forced-idr": "1",
            "x264-params": "keyint=infinite:scenecut=0",
        },
        "h264_nvenc": {
            "preset": "p1",
            "tune": "ull",
            "rc": "constqp",
            "qp": number,
            "zerolatency": "1",
            "delay": "0",
            "forced-idr": "1",
        },
        "h264_qsv": {
            "preset": "veryfast",
            "async_depth": "1",
            "global_quality": number,
            "forced_idr": "1",
        },
        "h264_amf": {
            "usage": "ultralowlatency",
            "quality": "speed",
            "rc": "cqp",
            "qp_i": number,
            "qp_p": number,
            "forced_idr": "1",
        },
        "h264_mf": {
            "rate_control": "quality",
            "quality": str(100 - 2 * quality),
            "scenario": "display_remoting",
            "hw_encoding": "1",
        },
        "h264_videotoolbox": {
            "realtime": "1",
            "allow_sw": "0",
            "q:v": str(100 - 2 * quality),
            "prio_speed": "1",
        },
    }[name]


class Encoder:
    """One open encoder for pictures of one size. Raises FFmpegError where it does not work."""

    def __init__(self, name: str, height: int, width: int, quality: int, threads: int) -> None:
        self.name = name
        context = av.CodecContext.create(name, "w")
        assert isinstance(context, VideoCodecContext)
        context.width, context.height, context.pix_fmt = width, height, "yuv420p"
        context.time_base, context.framerate = MICROSECONDS, Fraction(USUAL_RATE)
        context.max_b_frames = 0
        context.gop_size = 1_000_000  # key frames come when somebody needs one
        context.thread_count = threads
        context.color_range, context.colorspace = ColorRange.MPEG, Colorspace.SMPTE170M
        context.color_primaries, context.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
        context.options = options_of(name, quality)
        self._context, self._yuv = context, np.empty((height * 3 // 2, width), np.uint8)
        self._pts = 0

    def encode(self, picture: npt.NDArray[np.uint8], key: bool) -> list[bytes]:
        """uint8[height, width, 3], RGB → packets, Annex B; with `key` one at which a decoder can begin."""
        cv2.cvtColor(picture, cv2.COLOR_RGB2YUV_I420, dst=self._yuv)  # BT.601, five times as quick as swscale
        frame = av.VideoFrame.from_ndarray(self._yuv, format="yuv420p")
        frame.color_range, frame.colorspace = ColorRange.MPEG, Colorspace.SMPTE170M
        self._pts += 1_000_000 // USUAL_RATE
        frame.pts, frame.time_base = self._pts, MICROSECONDS
        frame.pict_type = PictureType.I if key else PictureType.NONE
        return [bytes(packet) for packet in self._context.encode(frame)]


def open_encoder(wanted: str, height: int, width: int, quality: int, threads: int) -> tuple[Encoder, str]:
    """The wanted encoder, or with "auto" the first that works; and why not those before it. Raises
    NoEncoder."""
    names = [*HARDWARE, SOFTWARE] if wanted == "auto" else [wanted]
    reasons: list[str] = []
    for name in names:
        if name not in av.codecs_available:
            reasons.append(f"{name}: is not for this system")
            continue
        try:
            problem = _trial(name, height, width, quality, threads)
            if problem is None:
                return Encoder(name, height, width, quality, threads), "; ".join(reasons)
        except FFmpegError as error:
            problem = error.strerror or str(error)
        reasons.append(f"{name}: {problem}")
    raise NoEncoder("; ".join(reasons))


def _trial(name: str, height: int, width: int, quality: int, threads: int) -> str | None:
    """What is wrong with it. One that keeps pictures back is no good for a live picture."""
    encoder = Encoder(name, height, width, quality, threads)
    grey = np.full((height, width, 3), 128, np.uint8)
    for number in range(TRIED):
        if len(encoder.encode(grey, key=number == 0)) != 1:
            return "does not answer each picture at once"
    return None
