"""Where frames come from: one file per kind of source."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Le

PICK = ("screen_mss", "scene")
"""What `auto` tries, the best first; each says itself why it is not there."""


@dataclass(frozen=True)
class Settings:
    """Settings of every source."""

    source: Annotated[str, "implementation", "auto"] = "auto"
    fps: Annotated[int, Ge(1), Le(480), "live"] = 60
    crop_black_bars: Annotated[bool, "live"] = True
    paused: Annotated[bool, "live"] = False
