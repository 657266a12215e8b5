"""A frame and its nearness map become the picture that a sink shows."""

from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from annotated_types import Ge, Le, MultipleOf

PARTS = ("warp",)
"""No implementations, though their names look like it; see pipeline/catalogue.py."""

LayoutName = Literal[
    "half-sbs",
    "full-sbs",
    "half-tab",
    "full-tab",
    "anaglyph-dubois",
    "anaglyph-half-colour",
    "anaglyph-grey",
    "row-interlaced",
    "column-interlaced",
    "checkerboard",
    "frame-sequential",
    "rgb+depth",
    "depth",
]
LAYOUTS: tuple[LayoutName, ...] = get_args(LayoutName)
View = Literal["3d", "2d"]
DEEPEST = 10.0  # strength
STEP = 0.5  # of the strength, with each press of a key


@dataclass(frozen=True)
class Settings:
    """How deep the picture is, and how its two views are laid out."""

    where: Literal["auto", "own", "sink", "with_depth"] = "auto"
    quality: Annotated[Literal["best", "fast"], "live"] = "best"
    layout: Annotated[LayoutName, "live"] = "half-sbs"
    view: Annotated[View, "live"] = "3d"
    swap_eyes: Annotated[bool, "live"] = False
    strength: Annotated[float, Ge(0), Le(DEEPEST), "live"] = 2.0
    convergence: Annotated[float, Ge(-0.5), Le(1.5), "live"] = 0.5
    ipd: Annotated[float, Ge(0.04), Le(0.08), "live"] = 0.064
    comfort_percent: Annotated[float, Ge(0), Le(5), "live"] = 1.5
    height: Annotated[int, Ge(240), Le(4320), MultipleOf(2)] = 1080
    fill_16_9: Annotated[bool, "live"] = True


def other_view(view: View) -> View:
    """What the key for 2D or 3D changes it to."""
    return "3d" if view == "2d" else "2d"


def strengthened(strength: float, by: float) -> float:
    """Within what the setting may be."""
    return min(DEEPEST, max(0.0, strength + by))
