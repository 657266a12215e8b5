"""`launcher.py check`: what this machine can do and what is wrong, and a zip of it for a bug report."""

import os
import platform
import socket
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np
import psutil

from pipeline.graph import GraphError, make_plan
from pipeline.litmus import run_litmus
from pipeline.machine import compute_devices
from pipeline.pick import pick
from pipeline.rings import check_memory
from pipeline.settings import SettingsError, load
from pipeline.stream_keys import without_keys
from shm.errors import NoMemory
from workers.capture._monitors import captures_a_second, monitors, unavailable
from workers.depth._manifest import MODELS
from workers.depth._models import find, is_here
from workers.house import home
from workers.models import ModelError, remedy

GOOD, NOTE, WRONG = "ok", "note", "WRONG"
NO_PLACE = 2  # exit code
FEW_CAPTURES = 25  # a second; below that the screen is no pleasure to watch
SLOW_COPY = 5.0  # ms for a 1080p frame
LITTLE_DISK = 200e6  # bytes
Finding = tuple[str, str]


def check_command(settings_file: Path, zip_file: Path | None) -> int:
    """Prints every finding; exit code 1 when something is wrong, 2 when there is no place for the zip."""
    if zip_file is not None and (why_not := _no_place(zip_file)):
        print(f"--zip {zip_file}: {why_not}; name another file", file=sys.stderr)
        return NO_PLACE
    checks: dict[str, Callable[[], Iterator[Finding]]] = {
        "machine": _machine,
        "settings": lambda: _settings(settings_file),
        "display": _display,
        "models": _models,
        "copy": _copy_speed,
        "fence": _fence,
        "ports": lambda: _ports(settings_file),
    }
    report = []
    for name, check in checks.items():
        for verdict, text in check():
            report.append(f"{verdict:<6} {name:<9} {text}")
            print(report[-1], flush=True)
    wrong = sum(line.startswith(WRONG) for line in report)
    print(f"\n{wrong} wrong" if wrong else "\nnothing is wrong")
    if zip_file is not None:
        try:
            _write_zip(zip_file, "\n".join(report) + "\n", settings_file)
        except OSError as error:
            print(f"--zip {zip_file}: {error.strerror}; name another file", file=sys.stderr)
            return NO_PLACE
        print(
            f"{zip_file}: this report, settings.yaml and the versions of all packages; no picture, no token"
        )
    return 1 if wrong else 0


def _machine() -> Iterator[Finding]:
    yield GOOD, f"{platform.platform()}, Python {platform.python_version()}"
    for device in compute_devices():
        yield GOOD, device
    memory = psutil.virtual_memory()
    room = f"{memory.available / 1e9:.1f} of {memory.total / 1e9:.1f} GB memory are free"
    yield (GOOD if memory.available > 1e9 else WRONG), room
    where = next(folder for folder in (home(), *home().parents) if folder.exists())
    free = psutil.disk_usage(str(where)).free
    yield (
        (GOOD if free > LITTLE_DISK else WRONG),
        f"{free / 1e9:.1f} GB are free on the disk of {where}",
    )


def _settings(file: Path) -> Iterator[Finding]:
    try:
        settings, reasons = pick(load(file))
        plan = make_plan(settings)
        check_memory(plan.nbytes)
    except (SettingsError, GraphError, NoMemory) as error:
        for line in str(error).splitlines():
            yield WRONG, line
        return
    yield GOOD, str(file)
    for reason in reasons:
        yield GOOD, reason
    yield GOOD, plan.text().splitlines()[0]


def _display() -> Iterator[Finding]:
    why_not = unavailable()
    if why_not is not None:
        yield NOTE, f"the screen cannot be captured: {why_not}"
        return
    for monitor in monitors():
        yield GOOD, f"monitor {monitor['width']} x {monitor['height']}"
    rate = captures_a_second(1, seconds=1.0)
    yield (GOOD if rate >= FEW_CAPTURES else WRONG), f"{rate:.0f} captures a second of monitor 1"


def _models() -> Iterator[Finding]:
    for name, model in MODELS.items():
        if not is_here(name):
            yield NOTE, f"{name} is not here; {remedy(model)}"
            continue
        try:
            yield GOOD, f"{name}: {find(name)}"
        except ModelError as error:
            yield WRONG, str(error)


def _copy_speed() -> Iterator[Finding]:
    frame = np.ones((1080, 1920, 3), np.uint8)
    target = np.zeros_like(frame)
    times = []
    for _ in range(20):
        begin = time.perf_counter()
        np.copyto(target, frame)
        times.append(time.perf_counter() - begin)
    median = sorted(times)[len(times) // 2] * 1e3
    yield (GOOD if median < SLOW_COPY else NOTE), f"a 1080p frame is copied in {median:.2f} ms"


def _fence() -> Iterator[Finding]:
    try:
        missed, met = run_litmus()
    except (RuntimeError, OSError) as error:
        yield WRONG, str(error)
        return
    yield (WRONG if missed else GOOD), f"two processes missed each other {missed} times in {met} meetings"


def _ports(file: Path) -> Iterator[Finding]:
    with suppress(SettingsError):  # reported above
        port = load(file).section("web").port
        with socket.socket() as end:
            if os.name == "posix":
                end.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                end.bind(("127.0.0.1", port))
                yield GOOD, f"{port} (web.port) is free"
            except OSError as error:
                yield NOTE, f"{port} (web.port) is taken ({error.strerror}); a running Stereoring has it too"


def _no_place(file: Path) -> str | None:
    """Why it cannot be written. Asked before the checks, which take a while."""
    if file.is_dir():
        return "is a folder"
    try:
        with TemporaryFile(dir=file.parent):
            return None
    except OSError as error:
        return error.strerror or str(error)


def _write_zip(file: Path, report: str, settings_file: Path) -> None:
    packages = sorted(f"{dist.name}=={dist.version}" for dist in metadata.distributions())
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("check.txt", report)
        bundle.writestr("packages.txt", "\n".join(packages) + "\n")
        if settings_file.is_file():
            bundle.writestr("settings.yaml", without_keys(settings_file.read_text(errors="replace")))
