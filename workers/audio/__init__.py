"""Sound beside pictures: recorded once, coded once as AAC and once as Opus, for streams and files."""

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Le


@dataclass(frozen=True)
class Settings:
    """What is heard beside the picture."""

    source: Literal["none", "system_sound", "microphone", "sound_file"] = "none"
    which: str = ""
    delay: Annotated[float, Ge(-2), Le(2), "live"] = 0.0
    kbps: Annotated[int, Ge(32), Le(320)] = 160
