"""How near everything in a picture is: one file per way to find out."""

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Le, MultipleOf


@dataclass(frozen=True)
class Settings:
    """Which network, the size of the picture that it gets, and when."""

    model: str = "auto"
    width: Annotated[int, Ge(64), Le(1024), MultipleOf(32)] = 320
    height: Annotated[int, Ge(64), Le(1024), MultipleOf(32)] = 192
    sync: Annotated[Literal["exact", "latest"], "live"] = "exact"
    fps: Annotated[float, Ge(0), Le(480), "live"] = 0
