"""Where frames come from: one file per kind of source."""

import sys
from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Le

ORDERS = {
    "win32": ("screen_windows_capture", "screen_dxcam", "screen_mss", "scene"),
    "darwin": ("screen_macos", "screen_mss", "scene"),
    "linux": ("screen_mss", "screen_wayland", "scene"),
}
"""On Windows Graphics Capture has the pointer, windows and laptops with two GPUs; desktop duplication is as
quick, but only on the GPU that owns the monitor; mss copies with the CPU and works everywhere. On a Mac
ScreenCaptureKit alone has the pointer and can leave out our windows. On Linux mss is for X11, and sees
nothing of a Wayland desktop."""
PICK = ORDERS.get(sys.platform, ("screen_mss", "scene"))
"""What `auto` tries, the best first; each says itself why it is not there."""


@dataclass(frozen=True)
class Settings:
    """Settings of every source."""

    source: Annotated[str, "implementation", "auto"] = "auto"
    fps: Annotated[int, Ge(1), Le(480), "live"] = 60
    crop_black_bars: Annotated[bool, "live"] = True
    paused: Annotated[bool, "live"] = False
