"""From pictures to a stream of packets, once, however many sinks carry it on."""

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Le, MultipleOf

Codec = Literal["h264", "hevc", "av1"]
COLOURS: dict[Codec, str] = {"h264": "H264", "hevc": "HEVC", "av1": "AV1"}
"""Codec → what ring `packets` says."""


@dataclass(frozen=True)
class Settings:
    """What makes the video, how large it is and how good."""

    codec: Codec = "h264"
    encoder: Literal[
        "auto",
        "h264_nvenc",
        "h264_videotoolbox",
        "h264_qsv",
        "h264_amf",
        "h264_mf",
        "libx264",
        "hevc_nvenc",
        "hevc_videotoolbox",
        "hevc_qsv",
        "hevc_amf",
        "hevc_mf",
        "libx265",
        "av1_nvenc",
        "av1_qsv",
        "av1_amf",
        "libsvtav1",
    ] = "auto"
    quality: Annotated[int, Ge(10), Le(40), "live"] = 20
    width: Annotated[int, Ge(0), Le(16384), MultipleOf(4)] = 0
    height: Annotated[int, Ge(0), Le(16384), MultipleOf(4)] = 0

    def __post_init__(self) -> None:
        if (self.width == 0) != (self.height == 0):
            raise ValueError("width and height are given both, or both are 0")
