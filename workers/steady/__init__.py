"""Depth over time: what a depth source says becomes a steady nearness map."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Le


@dataclass(frozen=True)
class Settings:
    """Which share of the map counts as out of range, and how fast the range may follow the scene."""

    low_percent: Annotated[float, Ge(0), Le(20), "live"] = 1.0
    high_percent: Annotated[float, Ge(80), Le(100), "live"] = 99.5
    range_seconds: Annotated[float, Ge(0), Le(10), "live"] = 0.5
