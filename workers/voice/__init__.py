"""Speech at a few kilobits a second: sound into packets, and packets into sound."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Le


@dataclass(frozen=True)
class Settings:
    """How many bits, and who may hear them."""

    kbps: Annotated[float, Ge(0.2), Le(9.2), "live"] = 6.0
    key: Annotated[str, "path"] = ""
