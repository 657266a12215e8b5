"""From pictures to a stream of packets, once, however many sinks carry it on."""

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Le


@dataclass(frozen=True)
class Settings:
    """What makes the video, and how good it is."""

    encoder: Literal[
        "auto", "h264_nvenc", "h264_videotoolbox", "h264_qsv", "h264_amf", "h264_mf", "libx264"
    ] = "auto"
    quality: Annotated[int, Ge(10), Le(40), "live"] = 20
