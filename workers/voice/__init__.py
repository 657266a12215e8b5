"""Speech at a few kilobits a second: sound into packets, and packets into sound."""

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Le


@dataclass(frozen=True)
class Settings:
    """Which codec, how many bits, and who may hear them."""

    codec: Literal["lyra", "soundstream"] = "lyra"
    kbps: Annotated[float, Ge(0.2), Le(18), "live"] = 6.0
    weights: Annotated[str, "path"] = ""
    denoise: Annotated[bool, "live"] = False
    key: Annotated[str, "path"] = ""
