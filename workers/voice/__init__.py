"""Speech at a few kilobits a second: sound into packets, and packets into sound."""

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Le

KBPS = {"lyra": (0.2, 9.2), "soundstream": (0.75, 18.0)}
"""What each codec has, from one book to all of them."""


@dataclass(frozen=True)
class Settings:
    """Which codec, how many bits, and who may hear them."""

    codec: Literal["lyra", "soundstream"] = "lyra"
    kbps: Annotated[float, Ge(0.2), Le(18), "live"] = 6.0
    weights: Annotated[str, "path"] = ""
    denoise: Annotated[bool, "live"] = False
    key: Annotated[str, "path"] = ""

    def __post_init__(self) -> None:
        """Raises ValueError."""
        least, most = KBPS[self.codec]
        if not least <= self.kbps <= most:
            raise ValueError(f"kbps: {self.codec} has {least:g} to {most:g}, not {self.kbps:g}")
