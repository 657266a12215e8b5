"""Where launchers can be reached: one address for each, that only the user who started it can open."""

import os
import sys
import tempfile
from pathlib import Path

import psutil


class NotRunning(Exception):
    """There is no launcher to attach to."""


class NoAddress(Exception):
    """There is no place for a socket; the message says where and what to do."""


if sys.platform == "win32":
    _PREFIX = "stereoring-"

    def address_of(pid: int) -> str:
        """A named pipe; only its user may open it."""
        return rf"\\.\pipe\{_PREFIX}{pid}"

    def meeting_place(pid: int, name: str) -> str:
        """The same, for its workers."""
        return rf"\\.\pipe\stereo-{name}-{pid}"

    def running() -> list[int]:
        """Process ids of the launchers that run, the newest last."""
        names = [name for name in os.listdir("//./pipe/") if name.startswith(_PREFIX)]
        pids = [name.removeprefix(_PREFIX) for name in names]
        return sorted(map(int, pids), key=lambda pid: psutil.Process(pid).create_time())

    def sweep() -> None:
        """Nothing to do: a pipe goes with its process."""

else:
    _LONGEST_PATH = 103  # bytes, on macOS; Linux has four more

    def address_of(pid: int) -> str:
        """A socket in a folder that is private to the user. Raises NoAddress."""
        return _checked(_folder() / f"{pid}.sock")

    def meeting_place(pid: int, name: str) -> str:
        """The same, for its workers."""
        return _checked(_folder() / f"{pid}-{name}.sock")

    def running() -> list[int]:
        """Process ids of the user's launchers that run, the newest last."""
        sweep()
        sockets = _sockets()
        return sorted(sockets, key=lambda pid: sockets[pid].stat().st_mtime)

    def sweep() -> None:
        """Remove sockets of launchers, and of their workers, that had no time to."""
        for path in _folder().glob("*.sock"):
            pid = path.stem.partition("-")[0]
            if pid.isdecimal() and (int(pid) == os.getpid() or not psutil.pid_exists(int(pid))):
                path.unlink(missing_ok=True)

    def _checked(path: Path) -> str:
        if len(os.fsencode(path)) > _LONGEST_PATH:
            raise NoAddress(f"{path} is too long for a socket; set XDG_RUNTIME_DIR to a shorter folder")
        return str(path)

    def _sockets() -> dict[int, Path]:
        return {int(path.stem): path for path in _folder().glob("*.sock") if path.stem.isdecimal()}

    def _folder() -> Path:
        base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
        path = Path(base) / f"stereoring-{os.getuid()}"
        try:
            path.mkdir(mode=0o700, exist_ok=True)
            status = path.lstat()
        except OSError as error:
            raise NoAddress(
                f"{path}: {error.strerror}; set XDG_RUNTIME_DIR to a folder of yours that exists"
            ) from error
        if status.st_uid != os.getuid() or status.st_mode & 0o077:
            raise NoAddress(f"{path} is not private to you; remove it")
        return path
