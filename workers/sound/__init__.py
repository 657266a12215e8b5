"""Where sound comes from: one file per kind of source."""

from dataclasses import dataclass
from typing import Annotated


@dataclass(frozen=True)
class Settings:
    """Settings of every source."""

    source: Annotated[str, "implementation"] = "microphone"
