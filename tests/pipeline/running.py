"""A real launcher as the tests see it: started as a process of its own, watched as `top` watches it, and
what it may have left behind."""

import gc
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from pipeline.addresses import NotRunning, address_of
from pipeline.stats import Figures, Observer
from tests.shm.ring_processes import die_with_parent

REPO = Path(__file__).parents[2]
WATCHDOG = 50.0  # seconds; what is waited for takes one or two, on a machine with other work ten
LINE = ("capture", "steady", "stereo", "null")
RINGS = ("frame", "small", "depth", "nearness", "picture")
SMALL = (
    "sinks=[null]",
    "capture.source=scene",
    "capture.fps=30",
    "scene.width=320",
    "scene.height=180",
    "scene.balls=2",
    "depth.model=true",
    "stereo.layout=rgb+depth",
)
AS_YAML = """
sinks: [null]
capture: {source: scene, fps: 30}
scene: {width: 320, height: 180, balls: 2}
depth: {model: true}
stereo: {layout: rgb+depth}
"""


class Memory(NamedTuple):
    """One segment of shared memory, as the kernel knows it."""

    device: int
    inode: int


def until(condition: Callable[[], object], what: str, limit: float = WATCHDOG) -> None:
    """Wait until `condition()`; `limit` is a watchdog."""
    end = time.monotonic() + limit
    while not _looked(condition):
        assert time.monotonic() < end, f"waited {limit:.0f} s in vain: {what}"


def _looked(condition: Callable[[], object]) -> bool:
    """False: it is not met, and a pause is over. Looking takes a third of a processor at most: what is waited
    for needs them more."""
    begin = time.monotonic()
    if condition():
        return True
    time.sleep(max(0.01, 2 * (time.monotonic() - begin)))
    return False


@dataclass
class Launcher:
    """A launcher's process and what it says. `with launched(folder) as launcher: …`"""

    process: subprocess.Popen[bytes]
    log_file: Path
    family: dict[int, psutil.Process] = field(default_factory=dict)
    _observer: Observer | None = None

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    def figures(self) -> Figures:
        """As `top --json` has them. Remembers the processes that it sees, for `nothing_is_left`."""
        if self._observer is None:
            self._observer = Observer(self.pid)
        self.note_family()
        return self._observer.figures()

    def worker(self, name: str) -> Figures:
        return next(worker for worker in self.figures()["workers"] if worker["name"] == name)

    def ring(self, name: str) -> Figures:
        return next(
            (ring for ring in self.figures()["rings"] if ring["name"] == name), {"seq": -1, "state": None}
        )

    def rate(self, ring: str, seconds: float = 0.5) -> float:
        """Frames a second, just now."""
        first, begin = self.ring(ring)["seq"], time.monotonic()
        time.sleep(seconds)
        return float(self.ring(ring)["seq"] - first) / (time.monotonic() - begin)

    def pids(self) -> dict[str, int]:
        return {worker["name"]: worker["pid"] for worker in self.figures()["workers"]}

    def seqs(self) -> dict[str, int]:
        return {ring["name"]: ring["seq"] for ring in self.figures()["rings"]}

    def states(self) -> dict[str, str]:
        """Of the rings."""
        return {ring["name"]: ring["state"] for ring in self.figures()["rings"]}

    def restarts(self) -> dict[str, int]:
        return {worker["name"]: worker["restarts"] for worker in self.figures()["workers"]}

    def until_logged(self, text: str, times: int = 1) -> None:
        self.until(lambda: self.log.count(text) >= times, f"the log says {text!r}")

    def until(self, condition: Callable[[], object], what: str, limit: float = WATCHDOG) -> None:
        """As `until`, but not longer than the launcher lives."""
        end = time.monotonic() + limit
        while not _looked(condition):
            assert self.process.poll() is None, f"the launcher has ended, before {what}:\n{self.log}"
            assert time.monotonic() < end, f"waited {limit:.0f} s in vain: {what}\n{self.log}"

    def until_up(self) -> None:
        self.until(self._attachable, "the launcher can be watched")

    def until_running(self, *names: str) -> None:
        """These workers, or the whole line, run."""
        self.until_up()
        wanted = names or LINE
        self.until(lambda: self._run(wanted), f"{', '.join(wanted)} run")

    def _run(self, names: Sequence[str]) -> bool:
        states: dict[str, str] = {}
        for worker in self.figures()["workers"]:
            states.setdefault(worker["name"], worker["state"])  # after it: left behind
        return all(states[name] == "running" for name in names)

    def until_flowing(self, ring: str = "picture") -> None:
        """New frames come out of the end of the line."""
        self.until_up()
        start = max(0, self.ring(ring)["seq"])
        self.until(lambda: self.ring(ring)["seq"] > start + 5, f"frames come through ring {ring}")

    def until_restarted(self, name: str, before: dict[str, int]) -> None:
        self.until(
            lambda: self.worker(name)["restarts"] > before[name] and self.worker(name)["state"] == "running",
            f"{name} is back",
        )

    def send(self, number: int) -> None:
        self.process.send_signal(number)

    def send_to_group(self, number: int) -> None:
        """As a terminal does on Ctrl-C, or when it is closed."""
        os.killpg(self.pid, number)

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.note_family()
        self.send(number)
        return self.wait()

    def wait(self) -> int:
        return self.process.wait(WATCHDOG)

    def note_family(self) -> None:
        with suppress(psutil.NoSuchProcess):
            for process in psutil.Process(self.pid).children(recursive=True):
                self.family[process.pid] = process

    def segments(self) -> set[Memory]:
        """All shared memory that the launcher holds."""
        return memory_of(self.pid)

    def open_files(self) -> int:
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def look_away(self) -> None:
        """Let go of what the figures are read from."""
        if self._observer is not None:
            self._observer.close()
            self._observer = None
            gc.collect()

    def survivors(self) -> list[psutil.Process]:
        return [process for process in self.family.values() if is_there(process)]

    def _attachable(self) -> bool:
        try:
            self.figures()
        except NotRunning:
            self.look_away()  # it may have met a namesake that has gone since
            return False
        return True


@contextmanager
def launched(
    folder: Path,
    *settings: str,
    add: Sequence[str] = (),
    every: Sequence[str] = (),
    swap: Sequence[str] = (),
    hung: float | None = None,
    lines: int | None = None,
    options: Sequence[str] = (),
    file: Path | None = None,
    repo: Path = REPO,
    program: Path = Path("launcher.py"),
    ignoring: Sequence[int] = (),
    before: Sequence[str] = (),
    ready: bool = True,
) -> Iterator[Launcher]:
    """A launcher in a process group of its own, with a small picture. `add`, `every` and `swap` put bad
    workers into it (tests/bad_workers/__main__.py); `program` is started in `repo`; `before`
    is a command that becomes it; `ready` waits until frames come out of the line."""
    parts = [str(program)]
    if add or every or swap or hung or lines:
        parts = ["-m", "tests.bad_workers", *(f"--add={name}" for name in add)]
        parts += [f"--every={pair}" for pair in every]
        parts += [*(f"--swap={pair}" for pair in swap), *([f"--hung={hung}"] if hung else [])]
        parts += [*([f"--lines={lines}"] if lines else []), "--"]
    sets = [f"--set={setting}" for setting in (*SMALL, *settings)]
    chosen = [f"--settings={file}"] if file else []

    def prepare() -> None:
        die_with_parent()
        for number in ignoring:
            signal.signal(number, signal.SIG_IGN)

    log_file = folder / f"launcher-{time.monotonic_ns()}.log"
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [*before, sys.executable, *parts, "run", *chosen, *([] if file else sets), *options],
            cwd=repo,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=prepare,
        )
    launcher = Launcher(process, log_file)
    try:
        if ready:
            launcher.until_flowing()
        yield launcher
    except BaseException:
        print(_account(launcher))  # the report of a failed test has it
        raise
    finally:
        _end(launcher)


def _account(launcher: Launcher) -> str:
    """What it has said, and how far it is."""
    lines = [launcher.log]
    if launcher.process.poll() is None:
        with suppress(AssertionError, NotRunning, OSError, ValueError):
            figures = launcher.figures()
            lines += [
                f"{one['name']}: {one['state']}, {one['restarts']} restarts" for one in figures["workers"]
            ]
            lines += [
                f"ring {one['name']}: {one['state']}, seq {one['seq']}, generation {one['generation']}"
                for one in figures["rings"]
            ]
    return "\n".join(lines)


def _end(launcher: Launcher) -> None:
    """By force if it does not end by itself; also stopped ones, and workers of a killed launcher."""
    if launcher.process.poll() is None:
        launcher.note_family()
        for pid in (launcher.pid, *(process.pid for process in launcher.survivors())):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        launcher.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            launcher.process.wait(10)
    launcher.process.kill()
    launcher.process.wait()
    for process in launcher.survivors():
        with suppress(psutil.NoSuchProcess):
            process.kill()


def is_there(process: psutil.Process) -> bool:
    """A zombie is gone: all that is left of it is its exit code."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def memory_of(pid: int) -> set[Memory]:
    """The stereoring segments that a process has mapped or holds open."""
    found = set()
    with suppress(FileNotFoundError, ProcessLookupError, PermissionError):
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            if "memfd:stereoring-" in line:
                _, _, _, device, inode, *_ = line.split()
                major, minor = (int(part, 16) for part in device.split(":"))
                found.add(Memory(os.makedev(major, minor), int(inode)))
        for fd in os.listdir(f"/proc/{pid}/fd"):
            with suppress(FileNotFoundError):
                if "memfd:stereoring-" in os.readlink(f"/proc/{pid}/fd/{fd}"):
                    status = os.stat(f"/proc/{pid}/fd/{fd}")
                    found.add(Memory(status.st_dev, status.st_ino))
    return found


def holders_of(segments: set[Memory]) -> dict[int, set[Memory]]:
    """Process id → which of these segments it still has, over the whole machine."""
    pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    return {pid: held for pid in pids if (held := memory_of(pid) & segments)}


def nothing_is_left(launcher: Launcher, segments: set[Memory]) -> None:
    """No process of its family, no socket, none of its segments, nothing in /dev/shm."""
    launcher.look_away()
    until(lambda: not launcher.survivors(), f"its processes are gone: {launcher.survivors()}")
    until(lambda: not holders_of(segments), f"its segments are gone: {holders_of(segments)}")
    assert not Path(address_of(launcher.pid)).exists()
    assert not [path for path in Path("/dev/shm").iterdir() if "stereoring" in path.name]


def copied_tree(folder: Path) -> Path:
    """What the program consists of, to change it."""
    repo = folder / "tree"
    repo.mkdir()
    for name in ("launcher.py", "settings.yaml"):
        shutil.copy(REPO / name, repo)
    for name in ("pipeline", "workers", "shm"):
        shutil.copytree(REPO / name, repo / name, ignore=shutil.ignore_patterns("*.pyc"))
    return repo


def as_top_reads_it(launcher: Launcher, *options: str) -> subprocess.CompletedProcess[str]:
    """`launcher.py top` beside it."""
    return command("top", f"--pid={launcher.pid}", *options)


def command(
    *arguments: str, program: Path | None = REPO / "launcher.py", **more: Any
) -> subprocess.CompletedProcess[str]:
    """`launcher.py` with these arguments, to its end."""
    return subprocess.run(
        [sys.executable, *([str(program)] if program else []), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=WATCHDOG,
        **{"cwd": REPO, **more},
    )
