"""Which monitor is the 3D display."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import mss

from workers.house import home

WIDE = 3.0  # times as wide as high: both eyes' views beside each other, as in 3840 x 1080


class Display(NamedTuple):
    """A monitor: its number as `launcher.py devices` has it, its name where the system says one, its place on
    the desktop in pixels, and what it is told by from another of the same name where the system says that."""

    number: int
    name: str
    left: int
    top: int
    width: int
    height: int
    id: str = ""

    @property
    def is_wide(self) -> bool:
        return self.width >= WIDE * self.height

    def is_same(self, other: "Display") -> bool:
        """The same device; it may have another resolution now, and be elsewhere on the desktop."""
        if self.id or other.id:
            return (self.name, self.id) == (other.name, other.id)
        return self._replace(number=0) == other._replace(number=0)

    def is_like(self, other: "Display") -> bool:
        """The same device or its twin."""
        return (self.name, self.width, self.height) == (other.name, other.width, other.height)

    def is_where(self, other: "Display") -> bool:
        """On the desktop."""
        return (self.left, self.top) == (other.left, other.top)

    def __str__(self) -> str:
        return f"{self.number}: {self.name} {self.width} x {self.height}"


def displays() -> list[Display]:
    """Those that are plugged in. Raises ScreenShotError where the desktop cannot be asked."""
    with mss.MSS() as screen:
        monitors = list(enumerate(screen.monitors))[1:]
    return [_described(number, monitor) for number, monitor in monitors]


def _described(number: int, monitor: Mapping[str, Any]) -> Display:
    """As mss has it. What X11 calls unique is made of the EDID, which twins may share, but no socket."""
    name = str(monitor.get("name") or monitor.get("output") or "monitor")
    left, top, width, height = (int(monitor[key]) for key in ("left", "top", "width", "height"))
    told_by = str(monitor.get("output") or monitor.get("unique_id") or "")
    return Display(number, name, left, top, width, height, told_by)


def find_display(wanted: int, remembered: Display | None, there: Sequence[Display]) -> Display:
    """The monitor with this number; for 0 the one that it was the last time, or one that is as wide as two.
    Raises ValueError that says which there are."""
    listed = "; ".join(map(str, there)) or "none"
    if wanted:
        found = [display for display in there if display.number == wanted]
        if not found:
            raise ValueError(f"monitor3d.monitor: there is no monitor {wanted} (there are {listed})")
        return found[0]
    likely = [] if remembered is None else _as_before(remembered, there)
    likely += [display for display in there if display.is_wide]
    if not likely:
        raise ValueError(
            f"monitor3d.monitor: which monitor is the 3D display? None is as wide as two (there are {listed})"
        )
    return likely[0]


def find_again(ours: Display, beside: Sequence[Display], there: Sequence[Display]) -> Display | None:
    """Ours, of those that are there now; `beside` are those that were there together with it. It may have
    been unplugged, and be in another socket, or have switched to 3D, and with that its resolution."""
    new = [display for display in there if not any(display.is_same(other) for other in beside)]
    found = [
        *(display for display in new if display.is_same(ours)),
        *(display for display in new if display.is_like(ours)),
        *(display for display in new if display.is_where(ours) and not ours.id),
    ]
    return found[0] if found else None


def _as_before(ours: Display, there: Sequence[Display]) -> list[Display]:
    """Those that may be ours, the likeliest first."""
    like = [display for display in there if display.is_like(ours)]
    return [
        *(display for display in like if display.is_same(ours)),
        *(display for display in there if display.is_same(ours)),
        *(display for display in like if display.is_where(ours)),
        *like,
    ]


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
