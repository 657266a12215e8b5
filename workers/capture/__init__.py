"""Where frames come from: one file per kind of source."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Le


@dataclass(frozen=True)
class Settings:
    """Settings of every source."""

    source: Annotated[str, "implementation"] = "scene"
    fps: Annotated[int, Ge(1), Le(480), "live"] = 60
