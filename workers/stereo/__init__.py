"""A frame and its nearness map become the picture that a sink shows."""

from dataclasses import dataclass
from typing import Annotated, Literal


@dataclass(frozen=True)
class Settings:
    """How the picture is laid out."""

    layout: Annotated[Literal["rgb+depth", "depth"], "live"] = "rgb+depth"
