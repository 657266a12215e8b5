"""`launcher.py check`: what this machine can do and what is wrong, and a zip of it for a bug report."""

import io
import os
import platform
import socket
import sys
import threading
import time
import zipfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import numpy as np
import psutil

from pipeline.graph import GraphError, make_plan
from pipeline.machine import compute_devices, monitors
from pipeline.pick import pick
from pipeline.rings import check_memory
from pipeline.settings import SettingsError, load
from shm.fence import Fence
from workers.capture import screen_mss
from workers.depth._manifest import MODELS
from workers.depth._models import ModelError, is_here, find

GOOD, NOTE, WRONG = "ok", "note", "WRONG"
LITMUS_ROUNDS = 20_000
Finding = tuple[str, str]


def check_command(settings_path: Path, zip_path: Path | None) -> int:
    """Prints every finding; exit code 1 when something is wrong."""
    checks: dict[str, Callable[[], list[Finding]]] = {
        "machine": _machine,
        "settings": lambda: _settings(settings_path),
        "display": _display,
        "models": _models,
        "memory": _copy_speed,
        "fence": _fence,
        "ports": lambda: _ports(settings_path),
    }
    report = io.StringIO()
    wrong = False
    for name, check in checks.items():
        for verdict, text in check():
            wrong = wrong or verdict == WRONG
            line = f"{verdict:<6} {name:<9} {text}"
            print(line)
            print(line, file=report)
    if zip_path is not None:
        _write_zip(zip_path, report.getvalue(), settings_path)
        print(f"written to {zip_path}; it holds this report, the settings and the versions of all packages")
    return 1 if wrong else 0


def _machine() -> list[Finding]:
    memory = psutil.virtual_memory()
    system = f"{platform.platform()}, Python {platform.python_version()}"
    found = [(GOOD, system), *((GOOD, device) for device in compute_devices())]
    room = f"{memory.available / 1e9:.1f} of {memory.total / 1e9:.1f} GB memory free"
    return [*found, (GOOD if memory.available > 1e9 else WRONG, room)]


def _settings(path: Path) -> list[Finding]:
    try:
        settings, reasons = pick(load(path))
        plan = make_plan(settings)
        check_memory(plan.nbytes)
    except (SettingsError, GraphError) as error:
        return [(WRONG, line) for line in str(error).splitlines()]
    return [(GOOD, f"{path}"), *((GOOD, reason) for reason in reasons), (GOOD, plan.text().splitlines()[0])]


def _display() -> list[Finding]:
    why_not = screen_mss.unavailable()
    if why_not is not None:
        return [(NOTE, f"the screen cannot be captured: {why_not}")]
    import mss

    found = [(GOOD, f"monitor {m['width']} x {m['height']}") for m in monitors()]
    with mss.MSS() as screen:
        begin, count = time.perf_counter(), 0
        while time.perf_counter() - begin < 1:
            screen.grab(screen.monitors[1])
            count += 1
    return [*found, (GOOD if count >= 30 else WRONG, f"{count} captures a second of monitor 1")]


def _models() -> list[Finding]:
    found: list[Finding] = []
    for name in MODELS:
        if not is_here(name):
            found.append((NOTE, f"{name} is not here; `launcher.py models download {name}` gets it"))
            continue
        try:
            found.append((GOOD, f"{name}: {find(name)}"))
        except ModelError as error:
            found.append((WRONG, str(error)))
    return found


def _copy_speed() -> list[Finding]:
    frame = np.zeros((1080, 1920, 3), np.uint8)
    target = np.empty_like(frame)
    times = []
    for _ in range(20):
        begin = time.perf_counter()
        np.copyto(target, frame)
        times.append(time.perf_counter() - begin)
    best = sorted(times)[len(times) // 2] * 1e3
    return [(GOOD if best < 5 else NOTE, f"a 1080p frame is copied in {best:.2f} ms")]


def _fence() -> list[Finding]:
    """Store-buffer litmus between two threads: it shows that the fence does not fail, in as much as threads
    that share the interpreter lock can; tests/shm/test_litmus.py does it with processes."""
    words, missed = [0, 0], [0]
    start, end = threading.Barrier(2), threading.Barrier(2)
    seen = [0, 0]

    def run(me: int) -> None:
        fence = Fence()
        for _ in range(LITMUS_ROUNDS // 20):
            start.wait()
            words[me] = 1
            fence()
            seen[me] = words[1 - me]
            end.wait()
            if me == 0:
                missed[0] += seen == [0, 0]
                words[:] = 0, 0

    threads = [threading.Thread(target=run, args=(me,)) for me in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [(WRONG if missed[0] else GOOD, f"{missed[0]} of {LITMUS_ROUNDS // 20} rounds missed")]
