"""The program as a user starts it: `launcher.py run --set …`."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.pipeline.running import Launcher, launched

SCREEN = (  # the part of the X screen where something moves
    "capture.source=screen_mss",
    "screen_mss.region=[0, 0, 640, 360]",
    "screen_mss.cursor=false",
)
REAL = (  # the real network and both eyes, at a rate that leaves two cores time for a browser
    "capture.fps=15",
    "depth.model=tcmonodepth-small",
    "stereo.layout=half-sbs",
    "stereo.strength=4",
    "scene.width=640",
    "scene.height=360",
)


@contextmanager
def environment(**values: str | None) -> Iterator[None]:
    """These variables for those who are started meanwhile; None: not set."""
    before = {name: os.environ.get(name) for name in values}
    _set(values)
    try:
        yield
    finally:
        _set(before)


def _set(values: dict[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


@contextmanager
def program(folder: Path, *settings: str, **more: Any) -> Iterator[Launcher]:
    with launched(folder, *REAL, *settings, ready=False, **more) as launcher:
        yield launcher


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def on_the_web(port: int) -> tuple[str, str]:
    """The settings for a web sink and nothing else."""
    return "sinks=[web]", f"web.port={port}"
