"""A place of its own for all that the program keeps, so that nothing of the user's is touched."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.browser import Browser
from tests.live.display import Display
from tests.live.program import environment, free_port


@pytest.fixture(scope="session", autouse=True)
def private_folders() -> Iterator[Path]:
    """Not pytest's own folder: the path of a socket has at most 107 letters."""
    folder = Path(tempfile.mkdtemp(prefix="sr-"))
    with environment(
        XDG_RUNTIME_DIR=str(folder),
        XDG_CONFIG_HOME=str(folder / "config"),
        XDG_CACHE_HOME=str(folder / "cache"),
        DISPLAY=None,
        WAYLAND_DISPLAY=None,
    ):
        yield folder
    shutil.rmtree(folder)


@pytest.fixture
def display() -> Iterator[Display]:
    """An empty X screen, wide enough for a moving thing on the left and the program's window beside it."""
    with Display.in_use(1920, 720) as screen:
        yield screen


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def browser(private_folders: Path) -> Iterator[Browser]:
    """One for each file: while playwright runs no other test can have an event loop in this thread."""
    with Browser.started() as running:
        yield running


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    """Where screenshots go: STEREORING_SHOTS, to look at them, or a folder that is thrown away."""
    folder = Path(os.environ.get("STEREORING_SHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
