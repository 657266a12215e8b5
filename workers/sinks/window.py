"""The picture in a window of this machine, with keys to change it.

Enter or Space: full screen; ← →: the neighbouring monitor; Esc: leave full screen, then close;
↑ ↓: strength; 0: strength as set; V: 2D or 3D; P: pause; Tab: layout; D: depth; A: fill 16:9;
L: keep the aspect; F: figures.
Gamepad A: full screen.
"""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge

from workers.sinks._window.showing import ShowingWorker
from workers.sinks._window.showing import unavailable as unavailable


@dataclass(frozen=True)
class Settings:
    """How the window starts."""

    fullscreen: bool = False
    monitor: Annotated[int, Ge(0)] = 0
    vsync: bool = True
    figures: bool = False
    keep_aspect: bool = True


class Window(ShowingWorker):
    """A window among the others of the desktop."""
