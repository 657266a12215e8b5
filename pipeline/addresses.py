"""Where launchers can be reached: one address for each, that only the user who started it can open."""

import os
import sys
import tempfile
from pathlib import Path

import psutil


class NotRunning(Exception):
    """There is no launcher to attach to."""


if sys.platform == "win32":
    _PREFIX = "stereoring-"

    def address_of(pid: int) -> str:
        """A named pipe; only its user may open it."""
        return rf"\\.\pipe\{_PREFIX}{pid}"

    def running() -> list[int]:
        """Process ids of the launchers that run, the newest last."""
        names = [name for name in os.listdir("//./pipe/") if name.startswith(_PREFIX)]
        pids = [name.removeprefix(_PREFIX) for name in names]
        return sorted(map(int, pids), key=lambda pid: psutil.Process(pid).create_time())

    def sweep() -> None:
        """Nothing to do: a pipe goes with its process."""

else:

    def address_of(pid: int) -> str:
        """A socket in a folder that is private to the user."""
        return str(_folder() / f"{pid}.sock")

    def running() -> list[int]:
        """Process ids of the user's launchers that run, the newest last."""
        sweep()
        sockets = sorted(_folder().glob("*.sock"), key=lambda path: path.stat().st_mtime)
        return [int(path.stem) for path in sockets]

    def sweep() -> None:
        """Remove sockets of launchers that had no time to."""
        for path in _folder().glob("*.sock"):
            if not psutil.pid_exists(int(path.stem)):
                path.unlink(missing_ok=True)

    def _folder() -> Path:
        base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
        path = Path(base) / f"stereoring-{os.getuid()}"
        path.mkdir(mode=0o700, exist_ok=True)
        status = path.lstat()
        if status.st_uid != os.getuid() or status.st_mode & 0o077:
            raise NotRunning(f"{path} is not private to you; remove it")
        return path
