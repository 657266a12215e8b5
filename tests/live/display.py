"""A real X server without a monitor, what can be seen on it, and hands on its keyboard."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import mss
import numpy as np
import numpy.typing as npt

from tests.live.program import environment
from tests.pipeline.running import REPO, until
from tests.shm.ring_processes import die_with_parent

Picture = npt.NDArray[np.uint8]

_NAME = "mode"
_MODE = {
    **dict.fromkeys(("id", "dot_clock", "h_sync_start", "h_sync_end", "h_total", "h_skew"), 0),
    **dict.fromkeys(("v_sync_start", "v_sync_end", "v_total", "flags"), 0),
    "name_length": len(_NAME),
}
OPTIONS = ("+extension", "GLX", "-nolisten", "tcp", "-noreset")


@dataclass
class Place:
    """Where a window is on the screen."""

    left: int
    top: int
    width: int
    height: int


@dataclass
class Display:
    """`with Display.started(1280, 720) as display: …`"""

    width: int
    height: int
    number: int = -1
    _server: "subprocess.Popen[bytes] | None" = None
    _helpers: "list[subprocess.Popen[bytes]]" = field(default_factory=list)

    @classmethod
    @contextmanager
    def started(cls, width: int, height: int) -> Iterator["Display"]:
        display = cls(width, height)
        display.start()
        try:
            yield display
        finally:
            display.kill()

    @classmethod
    @contextmanager
    def in_use(cls, width: int, height: int) -> Iterator["Display"]:
        """Who is started meanwhile draws there."""
        with cls.started(width, height) as display, environment(DISPLAY=display.name):
            yield display

    @property
    def name(self) -> str:
        return f":{self.number}"

    def start(self) -> None:
        """At a free number; after `kill` at the same one again."""
        number = [] if self.number < 0 else [self.name]
        reading, writing = os.pipe()
        size = f"{self.width}x{self.height}x24"
        self._server = subprocess.Popen(
            ["Xvfb", *number, "-displayfd", str(writing), "-screen", "0", size, *OPTIONS],
            pass_fds=[writing],
            stderr=subprocess.DEVNULL,
            preexec_fn=die_with_parent,
        )
        os.close(writing)
        with os.fdopen(reading) as said:
            self.number = int(said.readline())

    def resize(self, width: int, height: int) -> None:
        """The monitor gets another resolution, at most that with which the server was started."""
        from Xlib.display import Display as Connection

        connection = Connection(self.name)
        root = connection.screen().root
        there = root.xrandr_get_screen_resources()
        crtc, output, since = there.crtcs[0], there.outputs[0], there.config_timestamp
        modes = {(mode["width"], mode["height"]): mode["id"] for mode in there.modes}
        if (width, height) not in modes:
            made = root.xrandr_create_mode({**_MODE, "width": width, "height": height}, _NAME).mode
            connection.xrandr_add_output_mode(output, made)
            modes[width, height] = made
        connection.xrandr_set_crtc_config(crtc, since, 0, 0, 0, 1, [])  # off: it may be too large
        root.xrandr_set_screen_size(width, height, width // 4, height // 4)
        connection.xrandr_set_crtc_config(crtc, since, 0, 0, modes[width, height], 1, [output])
        connection.close()
        self.width, self.height = width, height

    def kill(self) -> None:
        """As when an X server crashes: all who draw on it lose it."""
        for process in filter(None, [self._server]):  # first, or it is seen without the others
            process.kill()
            process.wait()
        self.end_helpers()
        Path(f"/tmp/.X{self.number}-lock").unlink(missing_ok=True)
        Path(f"/tmp/.X11-unix/X{self.number}").unlink(missing_ok=True)

    def end_helpers(self) -> None:
        """What it shows is closed."""
        for process in self._helpers:
            process.kill()
            process.wait()
        self._helpers.clear()

    def show_something_moving(self, left: int = 0, top: int = 0) -> None:
        """Until `kill`: tests/live/mover.py draws there."""
        command = [sys.executable, "-m", "tests.live.mover", str(left), str(top)]
        environment = os.environ | {"DISPLAY": self.name}
        mover = subprocess.Popen(
            command, cwd=REPO, env=environment, stdout=subprocess.PIPE, preexec_fn=die_with_parent
        )
        self._helpers.append(mover)
        assert mover.stdout is not None
        assert mover.stdout.readline(), "the moving thing is not drawn"

    def screenshot(self, place: Place | None = None) -> Picture:
        """What of a place is on the screen, uint8[H, W, 3], RGB."""
        place = place or Place(0, 0, self.width, self.height)
        width, height = min(place.width, self.width - place.left), min(place.height, self.height - place.top)
        place = Place(place.left, place.top, width, height)
        with mss.MSS(display=self.name) as screen:
            shot = screen.grab(vars(place))
        pixels = np.frombuffer(shot.rgb, np.uint8)
        return pixels.reshape(shot.height, shot.width, 3)

    def xdotool(self, *arguments: object) -> str:
        done = subprocess.run(
            ["xdotool", *map(str, arguments)],
            env=os.environ | {"DISPLAY": self.name},
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
        return done.stdout.strip()

    def window(self, title: str = "Stereoring") -> int:
        """The X id of the program's window, as soon as it is there."""
        found: list[int] = []

        def is_there() -> bool:
            found[:] = self._windows(title)
            return bool(found)

        until(is_there, f"a window {title!r} opens")
        return found[-1]

    def _windows(self, title: str) -> list[int]:
        return [int(line) for line in self.xdotool("search", "--onlyvisible", "--name", title).split()]

    def place(self, window: int) -> Place:
        lines = self.xdotool("getwindowgeometry", "--shell", window).splitlines()
        told = dict(line.split("=") for line in lines if "=" in line)
        return Place(*(int(told.get(key, 0)) for key in ("X", "Y", "WIDTH", "HEIGHT")))

    def press(self, window: int, key: str) -> None:
        """As by hand: no window manager is there to give the window the keyboard."""
        self.xdotool("windowfocus", window)
        time.sleep(0.05)
        self.xdotool("key", key)
