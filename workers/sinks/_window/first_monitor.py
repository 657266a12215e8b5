"""Which monitor the window begins on, and which it is on now.

Numbered as `launcher.py devices` does it; pyglet counts in an order of its own, so that they are told by
their place on the desktop.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import mss


class Corner(NamedTuple):
    """A monitor's upper left corner on the desktop, in pixels."""

    x: int
    y: int


def corners() -> list[Corner]:
    """Of monitor 1, 2, …"""
    with mss.MSS() as screen:
        return [Corner(monitor["left"], monitor["top"]) for monitor in screen.monitors[1:]]


def first_monitor(wanted: int, captured: int | None, there: Sequence[Corner]) -> int:
    """`wanted`, or for 0 the first that is not captured; 1 where there is no such. `captured` is 0 for all
    of them together, None for none. Raises ValueError for a monitor that is not there."""
    if wanted > len(there):
        raise ValueError(f"window.monitor: there is no monitor {wanted} (there are {len(there)})")
    if wanted:
        return wanted
    free = [number for number in range(1, len(there) + 1) if captured not in (0, number)]
    return free[0] if free else 1


def monitor_under(place: tuple[int, int, int, int], there: Sequence[Any]) -> int:
    """Which of pyglet's monitors the middle of a window at this place (left, top, width, height) is on, or
    nearest to."""
    left, top, width, height = place
    x, y = left + width / 2, top + height / 2

    def distance(number: int) -> float:
        monitor = there[number]
        beside = max(monitor.x - x, 0, x - monitor.x - monitor.width)
        return float(beside + max(monitor.y - y, 0, y - monitor.y - monitor.height))

    return min(range(len(there)), key=distance)
