"""Encoders for files: what each is told, so that quality is the same throughout."""

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import av
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

from workers.convert import Settings
from workers.encode._options import PACKINGS, apple_quality, pixel_format
from workers.encode._svt_av1 import open_quietly

FASTER = {"fast": 0, "medium": 1, "slow": 2}
SVT_PRESETS, NVENC_PRESETS = ("10", "8", "5"), ("p2", "p4", "p6")
SVT_PER_CRF = 1.5  # its scale goes to 63, x264's to 51, and looks alike from there


def options_of(convert: Settings, layout: str, swapped: bool) -> dict[str, str]:
    """FFmpeg's, for this encoder. `swapped` views have no name in H.264 that x264 could write."""
    quality, step = str(convert.quality), FASTER[convert.preset]
    if convert.encoder == "libx264":
        packing = PACKINGS.get(layout) if not swapped else None
        more = {"x264-params": f"frame-packing={packing}"} if packing is not None else {}
        return {"crf": quality, "preset": convert.preset, **more}
    if convert.encoder == "libx265":
        return {"crf": quality, "preset": convert.preset, "x265-params": "log-level=error"}
    if convert.encoder == "libsvtav1":
        return {"crf": str(round(convert.quality * SVT_PER_CRF)), "preset": SVT_PRESETS[step]}
    kind = convert.encoder.partition("_")[2]
    return {
        "nvenc": {"rc": "constqp", "qp": quality, "preset": NVENC_PRESETS[step]},
        "qsv": {"global_quality": quality, "preset": convert.preset},
        "amf": {"rc": "cqp", "qp_i": quality, "qp_p": quality, "quality": "quality"},
        "videotoolbox": {"allow_sw": "0", **apple_quality(convert.quality)},
    }[kind]


def add_video(
    container: Any,
    convert: Settings,
    options: dict[str, str],
    size: tuple[int, int],
    time_base: Fraction,
    rate: Fraction,
    threads: int,
) -> Any:
    """A video stream in the container, with its encoder; `size` in rows and columns."""
    stream = container.add_stream(convert.encoder, rate=rate, options=options)
    stream.height, stream.width = size
    stream.pix_fmt = pixel_format(convert.encoder)
    context = stream.codec_context
    context.time_base, context.thread_count = time_base, threads
    context.color_range, context.colorspace = ColorRange.MPEG, Colorspace.ITU709
    context.color_primaries, context.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
    open_quietly(context)
    return stream


def in_order(packets: Iterable[Any], first: int) -> list[Any]:
    """With decoding times of our own, from `first` on: x265 leaves some open where it gets few frames."""
    made = list(packets)
    for number, packet in enumerate(made, first):
        packet.dts = number
    return made


def coded(pixels: Any, form: str, pts: int, time_base: Fraction, threads: int) -> Any:
    """uint8[H, W, 3], RGB → the frame that an encoder takes whose pixels are of this form."""
    frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
    frame = frame.reformat(format=form, dst_colorspace=Colorspace.ITU709, threads=threads)
    frame.color_range, frame.colorspace = ColorRange.MPEG, Colorspace.ITU709
    frame.pts, frame.time_base = pts, time_base
    return frame
