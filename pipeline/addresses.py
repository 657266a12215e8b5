"""Where launchers can be reached: one address for each, that only the user who started it can open."""

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil


class NotRunning(Exception):
    """There is no launcher to attach to."""


class NoAnswer(NotRunning):
    """There is one, and it says nothing."""


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
        return _place(f"{pid}.sock")

    def meeting_place(pid: int, name: str) -> str:
        """The same, for its workers."""
        return _place(f"{pid}-{name}.sock")

    def running() -> list[int]:
        """Process ids of the user's launchers that run, the newest last."""
        sweep()
        sockets = _sockets()
        return sorted(sockets, key=lambda pid: sockets[pid].stat().st_mtime)

    def sweep() -> None:
        """Remove sockets of launchers, and of their workers, that had no time to."""
        for path in _all_sockets():
            pid = path.stem.partition("-")[0]
            if pid.isdecimal() and (int(pid) == os.getpid() or not psutil.pid_exists(int(pid))):
                path.unlink(missing_ok=True)

    def _place(name: str) -> str:
        """Where it is, else where it is to be made."""
        paths = [folder / name for folder in _folders()]
        path = next(filter(Path.exists, paths), paths[0])
        if len(os.fsencode(path)) > _LONGEST_PATH:
            raise NoAddress(f"{path} is too long for a socket; set XDG_RUNTIME_DIR to a shorter folder")
        return str(path)

    def _sockets() -> dict[int, Path]:
        return {int(path.stem): path for path in _all_sockets() if path.stem.isdecimal()}

    def _all_sockets() -> Iterator[Path]:
        return (path for folder in _folders() for path in folder.glob("*.sock"))

    def _folders() -> list[Path]:
        """The first is where this process makes its own. After su and in a cron job XDG_RUNTIME_DIR is
        another user's or nobody's; and who has one finds what was started without. Raises NoAddress."""
        found, wrong = list[Path](), list[str]()
        temporary = tempfile.gettempdir()
        for base in dict.fromkeys((os.environ.get("XDG_RUNTIME_DIR") or temporary, temporary)):
            try:
                found.append(_private(Path(base) / f"stereoring-{os.getuid()}", make=not found))
            except NoAddress as error:
                wrong.append(str(error))
        if not found:
            raise NoAddress("; ".join([*wrong, "or set XDG_RUNTIME_DIR to a folder of yours that exists"]))
        return found

    def _private(path: Path, make: bool) -> Path:
        try:
            if make:
                path.mkdir(mode=0o700, exist_ok=True)
            status = path.lstat()
        except OSError as error:
            raise NoAddress(f"{path}: {error.strerror}") from error
        if status.st_uid != os.getuid() or status.st_mode & 0o077:
            raise NoAddress(f"{path} is not private to you: remove it")
        return path
