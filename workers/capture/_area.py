"""What part of the desktop is captured: `screen_mss.monitor` and `region`, for all that capture screens."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt


def area_of(screen: Any, settings: Any) -> dict[str, int]:
    """left, top, width and height on the whole desktop; `screen` has mss' list `monitors`. Raises ValueError
    for a monitor that is not there."""
    monitor = monitor_of(screen.monitors, settings)
    left, top, width, height = within(monitor["width"], monitor["height"], settings)
    return {"left": monitor["left"] + left, "top": monitor["top"] + top, "width": width, "height": height}


def monitor_of(monitors: Sequence[Mapping[str, Any]], settings: Any) -> Mapping[str, Any]:
    """Of mss' list, whose first is all of them together. Raises ValueError for one that is not there."""
    if settings.monitor >= len(monitors):
        there = ", ".join(f"{i}: {m['width']} x {m['height']}" for i, m in enumerate(monitors) if i)
        raise ValueError(
            f"screen_mss.monitor: there is no monitor {settings.monitor} (there are {there or 'none'})"
        )
    chosen: Mapping[str, Any] = monitors[settings.monitor]
    return chosen


def single_monitor(there: Sequence[Mapping[str, Any]], settings: Any) -> Mapping[str, Any]:
    """Of those `there`, the first being 1. Raises ValueError for one that is not, and for all of them."""
    if settings.monitor == 0:
        raise ValueError("screen_mss.monitor: all monitors together (0) can only be had with screen_mss")
    return monitor_of([{}, *there], settings)


def captured_size(there: Sequence[Mapping[str, Any]], settings: Any) -> tuple[int, int]:
    """Rows and columns of the region on the single monitor. Raises ValueError."""
    monitor = single_monitor(there, settings)
    _, _, width, height = within(monitor["width"], monitor["height"], settings)
    return height, width


def cropped(pixels: npt.NDArray[np.uint8], settings: Any) -> npt.NDArray[np.uint8]:
    """The region's part of a picture uint8[H, W, channels] of the whole monitor; nothing is copied."""
    left, top, width, height = within(pixels.shape[1], pixels.shape[0], settings)
    return pixels[top : top + height, left : left + width]


def within(columns: int, rows: int, settings: Any) -> tuple[int, int, int, int]:
    """left, top, width and height of the region on a monitor of this size. Raises ValueError for one that
    reaches beyond it."""
    if not settings.region:
        return 0, 0, columns, rows
    if len(settings.region) != 4 or min(settings.region[2:]) < 16:
        raise ValueError("screen_mss.region: must be [left, top, width, height] with at least 16 x 16 pixels")
    left, top, width, height = settings.region
    if left < 0 or top < 0 or left + width > columns or top + height > rows:
        raise ValueError(
            f"screen_mss.region: {list(settings.region)} reaches beyond the monitor's "
            f"{columns} x {rows} pixels"
        )
    return left, top, width, height
