"""Where numba keeps what makes the picture: beside the source or, where it cannot write there, in the user's
cache. Where it can write to neither, as in a service or a container, it compiles nothing; so it gets a folder
there for as long as the program runs."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile

VARIABLE = "NUMBA_CACHE_DIR"
WORKERS = Path(__file__).parents[1] / "workers"
ROOMS = ("person", "steady", "stereo")  # that have something compiled
log = logging.getLogger("stereoring.launcher")


@contextmanager
def place_for_compiled() -> Iterator[None]:
    """For this process, if it has not loaded numba yet, and for those that it starts."""
    users = users_cache()
    beside = (WORKERS / room / "__pycache__" for room in ROOMS)
    if os.environ.get(VARIABLE) or all(map(_may_write, beside)) or _may_write(users):
        yield
        return
    with TemporaryDirectory(prefix="stereoring-compiled-") as folder:
        log.warning(
            "neither %s nor %s can be written to: what makes the picture is compiled at every start, which "
            "takes a minute; let this user write to one of them, or set %s to a folder that lasts",
            *(WORKERS, users, VARIABLE),
        )
        os.environ[VARIABLE] = folder
        try:
            yield
        finally:
            del os.environ[VARIABLE]


def users_cache() -> Path:
    """As numba has it, which takes half a second to ask."""
    if sys.platform == "win32":
        return Path(os.environ["LOCALAPPDATA"]) / "numba" / "Cache"
    if sys.platform == "darwin":
        return Path(os.path.expanduser("~/Library/Caches/numba"))
    return Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")) / "numba"


def _may_write(folder: Path) -> bool:
    """As numba finds out. Without a home its cache is in a folder `~` of wherever we are: that is none."""
    if not folder.is_absolute():
        return False
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
