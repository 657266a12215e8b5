"""What makes each encoder quick and constant in quality, and an asked-for key frame one at which a decoder
can begin. Quality is 10 to 40, less is better: x264's CRF, or what comes near to it."""

from collections.abc import Callable

import av

PACKINGS = {
    "checkerboard": 0,
    "column-interlaced": 1,
    "row-interlaced": 2,
    "half-sbs": 3,
    "full-sbs": 3,
    "half-tab": 4,
    "full-tab": 4,
    "frame-sequential": 5,
}
"""Layout → how H.264 says it (frame_packing_arrangement_type)."""
SAYS_PACKING = ("libx264",)
"""Those that can write it into the stream; files and streams say it beside, whatever made the video."""
LAMBDA = 118
"""FFmpeg's FF_QP2LAMBDA: a quality that it hands to its encoders is that many times as large."""
AV1_STEPS = 255 / 51
"""AV1's quantiser has so many steps for one of H.264's."""
COUNT_AV1_STEPS = ("nvenc", "amf")
"""Those of the hardware's encoders that are told a quantiser; Intel's take a quality from 1 to 51."""

Options = dict[str, str]


def options_of(name: str, quality: int, packing: int | None) -> Options:
    """`packing` where the stream itself is to say how the two views lie in the picture."""
    if name in _SOFTWARE:
        options = _SOFTWARE[name](quality)
        if name in SAYS_PACKING and packing is not None:
            options["x264-params"] += f":frame-packing={packing}"
        return options
    codec, _, maker = name.partition("_")
    finer = codec == "av1" and maker in COUNT_AV1_STEPS
    return _HARDWARE[maker](round(quality * AV1_STEPS) if finer else quality)


def apple_quality(quality: int) -> Options:
    """Of 100, more is better. `-q:v` is an option of FFmpeg's program alone, which sets these two. On Intel's
    processors VideoToolbox has no constant quality, and does not open."""
    return {"flags": "+qscale", "global_quality": str(LAMBDA * (100 - 2 * quality))}


def pixel_format(name: str) -> str:
    """How the encoder takes its pixels, in FFmpeg's words: three planes, or (Intel's, Windows') two. Windows'
    (mf) names both, and asks the GPU's for what it is given: most have none but those with two."""
    if name.endswith("_mf"):
        return "nv12"
    taken = [one.name for one in av.Codec(name, "w").video_formats or ()]
    return "nv12" if "nv12" in taken and "yuv420p" not in taken else "yuv420p"


def _x264(quality: int) -> Options:
    return {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "crf": str(quality),
        "forced-idr": "1",
        "x264-params": "keyint=infinite:scenecut=0",
    }


def _x265(quality: int) -> Options:
    return {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "crf": str(quality),
        "forced-idr": "1",
        "x265-params": "keyint=-1:scenecut=0:log-level=error",
    }


def _svt_av1(quality: int) -> Options:
    return {
        "preset": "11",
        "crf": str(min(63, round(1.5 * quality))),
        "svtav1-params": "pred-struct=1:lookahead=0:scd=0",
    }


def _nvenc(quality: int) -> Options:
    return {
        "preset": "p1",
        "tune": "ull",
        "rc": "constqp",
        "qp": str(quality),
        "zerolatency": "1",
        "delay": "0",
        "forced-idr": "1",
    }


def _qsv(quality: int) -> Options:
    return {
        "preset": "veryfast",
        "async_depth": "1",
        "global_quality": str(quality),
        "forced_idr": "1",
    }


def _amf(quality: int) -> Options:
    return {
        "usage": "ultralowlatency",
        "quality": "speed",
        "rc": "cqp",
        "qp_i": str(quality),
        "qp_p": str(quality),
        "forced_idr": "1",
    }


def _mf(quality: int) -> Options:
    return {
        "rate_control": "quality",
        "quality": str(100 - 2 * quality),
        "scenario": "display_remoting",
        "hw_encoding": "1",
    }


def _videotoolbox(quality: int) -> Options:
    return {
        "realtime": "1",
        "allow_sw": "0",
        "prio_speed": "1",
        **apple_quality(quality),
    }


_SOFTWARE: dict[str, Callable[[int], Options]] = {"libx264": _x264, "libx265": _x265, "libsvtav1": _svt_av1}
_HARDWARE: dict[str, Callable[[int], Options]] = {
    "nvenc": _nvenc,
    "qsv": _qsv,
    "amf": _amf,
    "mf": _mf,
    "videotoolbox": _videotoolbox,
}
