"""The two secrets of the web sink, and the addresses at which this machine can be reached."""

import ipaddress
import logging
import os
import re
import secrets
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from workers.house import home
from workers.worker import CannotWork

LOG = logging.getLogger("workers.sinks.web")
FOLDER_IS_IN = "APPDATA" if sys.platform == "win32" else "XDG_CONFIG_HOME"


def view_token() -> str:
    """Who has it may look."""
    return _secret("view_token")


def control_token() -> str:
    """Who has it may look and change things."""
    return _secret("control_token")


def _secret(name: str) -> str:
    """Made at the first start, 128 random bits; the same from then on. Only the user can read its file."""
    path = config_folder() / name
    with keeping():
        while not (token := _read(path)):
            if path.exists():
                LOG.warning(
                    "%s: there is no token in it; a new one is made, and old addresses lead nowhere", path
                )
                _put_away(path)
            _make_private(path, secrets.token_urlsafe(16).encode())
        return token


def _read(path: Path) -> str:
    """Nothing, if that could be in no address: a crash or a full disk leaves files empty, or of zeros."""
    try:
        token = path.read_text("ascii", "replace").strip()
    except FileNotFoundError:  # or another process has just put it away
        return ""
    return token if re.fullmatch("[!-~]+", token) else ""


def _put_away(path: Path) -> None:
    """What another process has put there meanwhile stays."""
    old = path.with_name(f"{path.name}.old.{os.getpid()}")
    try:
        path.rename(old)
    except FileNotFoundError:
        return
    if found := _read(old):
        _make_private(path, found.encode())
    old.unlink()


@contextmanager
def keeping() -> Iterator[None]:
    """Raises CannotWork where the configuration folder cannot be used."""
    try:
        yield
    except OSError as error:
        raise CannotWork(
            f"{config_folder()}: the tokens for the pages cannot be kept there ({error.strerror}); "
            f"let this user write there, or set the environment variable {FOLDER_IS_IN} to another folder"
        ) from error


def write_private(path: Path, content: bytes) -> None:
    """A file that only the user can read; whole, or not there."""
    _written_beside(path, content).replace(path)


def _make_private(path: Path, content: bytes) -> None:
    """The same; where another process has made it meanwhile, that one stays."""
    new = _written_beside(path, content)
    try:
        os.link(new, path)
    except FileExistsError:
        pass
    except OSError:  # there are no links on this file system
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def _written_beside(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
    return new


def config_folder() -> Path:
    if sys.platform == "win32":
        return Path(os.environ["APPDATA"]) / "stereoring"
    return Path(os.environ.get("XDG_CONFIG_HOME") or home() / ".config") / "stereoring"


def addresses() -> list[str]:
    """This machine's IPv4 addresses beyond loopback."""
    found = [
        entry.address
        for entries in psutil.net_if_addrs().values()
        for entry in entries
        if entry.family == socket.AF_INET
    ]
    return [address for address in found if not is_loopback(address)]


def names() -> list[str]:
    """What others on the network may call this machine."""
    name = socket.gethostname().lower()
    return [name, f"{name}.local"]


def is_loopback(address: str | None) -> bool:
    return address is not None and ipaddress.ip_address(address.split("%")[0]).is_loopback
