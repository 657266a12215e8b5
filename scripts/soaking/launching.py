"""A launcher of the soak's own, and all processes that belong to it.

The runtime folder is private to the soak, so its launchers meet no others; and whatever they start inherits
it in its environment, so that a process that was left behind is found even when its parents are gone.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self, TypeVar

import psutil

from pipeline.addresses import NotRunning
from pipeline.stats import Observer
from scripts.soaking.report import SoakError

REPO = Path(__file__).resolve().parents[2]
RUNTIME = "XDG_RUNTIME_DIR"
START_LIMIT, STOP_LIMIT = 60.0, 10.0  # seconds; watchdogs, the machine may be busy
SCENE = (  # all that needs neither a screen nor a model
    "sinks=null",
    "capture.source=scene",
    "depth.model=true",
    "stereo.layout=rgb+depth",
    "stereo.fill_16_9=false",
    "steady.border_percent=0",  # so that a flat map stays flat
    "steady.find_overlay=false",
)
LOG, LOG_END = "launcher.log", 25  # lines

Found = TypeVar("Found")


@contextmanager
def private_runtime() -> Iterator[Path]:
    """A runtime folder for all that happens inside; nothing of that lives on."""
    before = os.environ.get(RUNTIME)
    with tempfile.TemporaryDirectory(prefix="soak-", dir="/tmp") as folder:  # short: it holds sockets
        os.environ[RUNTIME] = folder
        try:
            yield Path(folder)
        finally:
            with _undisturbed():
                _end_family(folder)
            if before is None:
                del os.environ[RUNTIME]
            else:
                os.environ[RUNTIME] = before


@contextmanager
def _undisturbed() -> Iterator[None]:
    """A second Ctrl-C must not stop what the first one began."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end_family(marker: str) -> None:
    for process in family(marker):
        with suppress(psutil.NoSuchProcess):
            process.kill()


class Launched:
    """A launcher in a session of its own: Ctrl-C reaches only the soak, which ends it."""

    def __init__(self, folder: Path, arguments: Sequence[str]) -> None:
        """`folder` is that of `private_runtime`."""
        self.marker = str(folder)
        with (folder / LOG).open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=REPO,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """The launcher and whatever it has started."""
        with _undisturbed():
            _end_family(self.marker)
            self.process.wait()

    @property
    def pid(self) -> int:
        return self.process.pid

    def observer(self) -> Observer:
        """As soon as it answers. Raises SoakError."""

        def attached() -> Observer | None:
            with suppress(NotRunning):
                return Observer(self.pid)
            self.check_alive()
            return None

        return until(attached, "the launcher answers", START_LIMIT)

    def check_alive(self) -> None:
        if self.process.poll() is not None:
            raise SoakError(f"the launcher has ended with exit code {self.process.returncode}")

    def stop(self) -> None:
        """As Ctrl-C would. Raises SoakError."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired as error:
            raise SoakError(f"the launcher does not end within {STOP_LIMIT:.0f} s of SIGTERM") from error


def family(marker: str) -> list[psutil.Process]:
    """All processes with this runtime folder. A zombie has no environment: it counts as gone."""
    wanted, found = f"{RUNTIME}={marker}\0".encode(), []
    for process in psutil.process_iter():
        with suppress(OSError):
            if wanted in Path(f"/proc/{process.pid}/environ").read_bytes():
                found.append(process)
    return found


def until(look: Callable[[], Found | None], what: str, limit: float, every: float = 0.05) -> Found:
    """The first thing that `look` returns. Raises SoakError after `limit` seconds, a watchdog."""
    end = time.monotonic() + limit
    while not (found := look()):
        if time.monotonic() > end:
            raise SoakError(f"waited {limit:.0f} s in vain: {what}")
        time.sleep(every)
    return found


def log_end(folder: Path) -> str:
    lines = (folder / LOG).read_text(errors="replace").splitlines()
    return "\n".join(lines[-LOG_END:])


def say(text: str) -> None:
    """How far it is, for a person who waits."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
