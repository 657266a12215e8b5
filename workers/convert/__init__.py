"""`launcher.py convert`: a video or pictures, offline. What is read, surveyed and written; the rest of the
line is the live one."""

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Le

EncoderName = Literal[
    "libx264",
    "libx265",
    "libsvtav1",
    "h264_nvenc",
    "hevc_nvenc",
    "av1_nvenc",
    "h264_qsv",
    "hevc_qsv",
    "av1_qsv",
    "h264_amf",
    "hevc_amf",
    "h264_videotoolbox",
    "hevc_videotoolbox",
]


@dataclass(frozen=True)
class Settings:
    """How the video is written."""

    encoder: EncoderName = "libx264"
    quality: Annotated[int, Ge(10), Le(40)] = 18
    preset: Literal["fast", "medium", "slow"] = "medium"
    segment_seconds: Annotated[float, Ge(0.2), Le(600)] = 10
