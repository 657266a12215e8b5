"""What a Wayland desktop offers to those who capture it, without the desktop: a D-Bus of its own, a portal
that answers, and a real PipeWire with a picture that moves."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.live.portal import node_id
from tests.live.program import environment
from tests.pipeline.running import REPO, until
from tests.shm.ring_processes import die_with_parent

NODE = "what-is-shown"
BACKGROUND = (10, 200, 20)  # RGB


class Desktop:
    """`with Desktop.started() as desktop: …`; meanwhile the environment is that of its session."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    @classmethod
    @contextmanager
    def started(cls) -> Iterator["Desktop"]:
        folder = Path(tempfile.mkdtemp(prefix="wl-"))  # short: sockets lie there
        bus = f"unix:path={folder}/bus"
        session = {"XDG_RUNTIME_DIR": str(folder), "XDG_STATE_HOME": str(folder / "state"), "DISPLAY": None}
        desktop = cls(folder)
        with environment(**session, DBUS_SESSION_BUS_ADDRESS=bus, WAYLAND_DISPLAY="wayland-0"):
            try:
                desktop.start_bus(bus)
                desktop.start_pipewire()
                desktop.show(640, 360)
                desktop.start_portal()
                yield desktop
            finally:
                for name in list(desktop._running):
                    desktop.kill(name)
                shutil.rmtree(folder, ignore_errors=True)

    @property
    def asked(self) -> list[str]:
        """What the portal was asked, a line of JSON for each."""
        file = self.folder / "asked"
        return file.read_text().splitlines() if file.exists() else []

    @property
    def token(self) -> Path:
        return self.folder / "state/stereoring/screen_wayland.token"

    def start_bus(self, address: str) -> None:
        self._start("bus", "dbus-daemon", "--session", "--nofork", f"--address={address}")
        until((self.folder / "bus").exists, "there is a D-Bus")

    def start_pipewire(self) -> None:
        """With WirePlumber, which connects those who give with those who take."""
        self._start("pipewire", "pipewire")
        until((self.folder / "pipewire-0").exists, "there is a PipeWire")
        self._start("wireplumber", "wireplumber")

    def kill_pipewire(self) -> None:
        for name in ("show", "wireplumber", "pipewire"):
            self.kill(name)
        for left in self.folder.glob("pipewire-*"):
            left.unlink()

    def show(self, width: int, height: int) -> None:
        """A ball that moves over a plain background."""
        self.kill("show")
        red, green, blue = BACKGROUND
        colour = 0xFF << 24 | red << 16 | green << 8 | blue
        caps = f"video/x-raw,format=BGRx,width={width},height={height},framerate=30/1"
        properties = f"props,node.name={NODE},media.class=Video/Source"
        ball = ["videotestsrc", "is-live=true", "pattern=ball", f"background-color={colour}"]
        sink = ["pipewiresink", "mode=provide", f"stream-properties={properties}"]
        until(lambda: not node_id(NODE), "the picture before is gone")
        self._start("show", "gst-launch-1.0", "-q", *ball, "!", caps, "!", *sink)
        until(lambda: node_id(NODE), "PipeWire has the picture")

    def start_portal(self) -> None:
        self.answer(0)
        portal = self._start("portal", sys.executable, "-m", "tests.live.portal", str(self.folder), NODE)
        assert portal.stdout is not None
        assert portal.stdout.readline() == b"ready\n"

    def answer(self, code: int) -> None:
        """What the user says from here on: 0 yes, 1 no; 2: it fails."""
        (self.folder / "answer").write_text(str(code))

    def end_sharing(self) -> None:
        self._running["portal"].send_signal(signal.SIGUSR1)

    def kill(self, name: str) -> None:
        process = self._running.pop(name, None)
        if process is not None:
            process.kill()
            process.wait()

    def _start(self, name: str, *command: str) -> "subprocess.Popen[bytes]":
        self._running[name] = subprocess.Popen(
            command,
            cwd=REPO,
            env=dict(os.environ),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            preexec_fn=die_with_parent,
        )
        return self._running[name]
