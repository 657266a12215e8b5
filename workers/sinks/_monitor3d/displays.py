"""Which monitor is the 3D display."""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import mss

from workers.house import home

WIDE = 3.0  # times as wide as high: both eyes' views beside each other, as in 3840 x 1080


class Display(NamedTuple):
    """A monitor: its number as `launcher.py devices` has it, its name where the system says one, and its
    place on the desktop in pixels."""

    number: int
    name: str
    left: int
    top: int
    width: int
    height: int

    @property
    def is_wide(self) -> bool:
        return self.width >= WIDE * self.height

    def is_like(self, other: "Display") -> bool:
        """The same device, wherever on the desktop it is now."""
        return (self.name, self.width, self.height) == (other.name, other.width, other.height)

    def __str__(self) -> str:
        return f"{self.number}: {self.name} {self.width} x {self.height}"


def displays() -> list[Display]:
    """Those that are plugged in. Raises ScreenShotError where the desktop cannot be asked."""
    with mss.MSS() as screen:
        monitors = list(enumerate(screen.monitors))[1:]
    return [
        Display(
            number,
            str(monitor.get("name") or monitor.get("output") or "monitor"),
            *(int(monitor[key]) for key in ("left", "top", "width", "height")),
        )
        for number, monitor in monitors
    ]


def find_display(wanted: int, remembered: Display | None, there: Sequence[Display]) -> Display:
    """The monitor with this number; for 0 the one that it was the last time, or one that is as wide as two.
    Raises ValueError that says which there are."""
    listed = "; ".join(map(str, there)) or "none"
    if wanted:
        found = [display for display in there if display.number == wanted]
        if not found:
            raise ValueError(f"monitor3d.monitor: there is no monitor {wanted} (there are {listed})")
        return found[0]
    likely = [display for display in there if remembered is not None and display.is_like(remembered)]
    likely += [display for display in there if display.is_wide]
    if not likely:
        raise ValueError(
            f"monitor3d.monitor: which monitor is the 3D display? None is as wide as two (there are {listed})"
        )
    return likely[0]


def remember(display: Display) -> None:
    """For the next start. Raises OSError."""
    file = _memory()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(display._asdict()))


def remembered() -> Display | None:
    """None where nothing was, or the file is spoilt: it is found again, then."""
    try:
        return Display(**json.loads(_memory().read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _memory() -> Path:
    if sys.platform == "win32":
        folder = Path(os.environ["LOCALAPPDATA"])
    else:
        folder = Path(os.environ.get("XDG_STATE_HOME") or home() / ".local/state")
    return folder / "stereoring" / "monitor3d.json"
