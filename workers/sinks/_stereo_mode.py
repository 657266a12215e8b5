"""How a container says where both eyes' views are, in Matroska's words, which FFmpeg takes for all."""

from typing import Protocol

MODES = {
    "half-sbs": ("left_right", "right_left"),
    "full-sbs": ("left_right", "right_left"),
    "half-tab": ("top_bottom", "bottom_top"),
    "full-tab": ("top_bottom", "bottom_top"),
    "row-interlaced": ("row_interleaved_lr", "row_interleaved_rl"),
    "column-interlaced": ("col_interleaved_lr", "col_interleaved_rl"),
    "checkerboard": ("checkerboard_lr", "checkerboard_rl"),
    "frame-sequential": ("block_lr", "block_rl"),
}
"""Layout → with the left eye first, and swapped."""


class Stereo(Protocol):
    """What of the settings it needs."""

    layout: str
    swap_eyes: bool


def stereo_mode(stereo: Stereo) -> str:
    """Anaglyphs, depth and the like are one picture: mono."""
    first, swapped = MODES.get(stereo.layout, ("mono", "mono"))
    return swapped if stereo.swap_eyes else first
