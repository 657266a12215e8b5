"""Depth over time: what a depth source says becomes a steady, comfortable nearness map."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Le, Len

Percent = Annotated[int, Ge(0), Le(100)]


@dataclass(frozen=True)
class Settings:
    """Which share of the map counts as out of range, how calm it is, and what keeps it comfortable."""

    low_percent: Annotated[float, Ge(0), Le(20), "live"] = 1.0
    high_percent: Annotated[float, Ge(80), Le(100), "live"] = 99.5
    range_seconds: Annotated[float, Ge(0), Le(10), "live"] = 0.5
    smoothing: Annotated[float, Ge(0), Le(5), "live"] = 0.3
    auto_convergence: Annotated[bool, "live"] = False
    auto_strength: Annotated[bool, "live"] = False
    ease_seconds: Annotated[float, Ge(0), Le(10), "live"] = 1.0
    border_percent: Annotated[float, Ge(0), Le(20), "live"] = 4.0
    find_overlay: Annotated[bool, "live"] = True
    overlay_seconds: Annotated[float, Ge(0.5), Le(60), "live"] = 3.0
    flat: Annotated[tuple[tuple[Percent, Percent, Percent, Percent], ...], Len(0, 16), "live"] = ()
    mask: Annotated[str, "path"] = ""
