"""When nobody looks everything sleeps; whoever comes gets a picture at once."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.client import Client
from tests.live.display import Display
from tests.live.needs import needs
from tests.live.picture import frame_number
from tests.live.program import SCREEN, on_the_web, program
from tests.live.window import Window
from tests.pipeline.running import Launcher

pytestmark = needs("Xvfb", "model")
RINGS = ("frame", "small", "depth", "nearness", "picture")


@pytest.fixture
def launcher(display: Display, port: int, tmp_path: Path) -> Iterator[Launcher]:
    display.show_something_moving()
    with program(tmp_path, *SCREEN, *on_the_web(port)) as launcher:
        launcher.until_running("capture", "depth", "steady", "stereo", "web")
        yield launcher


def test_everything_sleeps_until_somebody_comes(launcher: Launcher, port: int) -> None:
    with Client.watching(port) as client:
        client.until_new()
        busy = work(launcher)
        before = frame_number(client.last.picture)
        times = launcher.log.count("nobody looks")
    launcher.until_logged("nobody looks", times + 1)
    launcher.until(lambda: seqs(launcher) == seqs_later(launcher), "the rings stand still")
    assert work(launcher) < busy / 5
    with Client.watching(port) as client:
        client.until_new()
        assert not client.last.stale
        client.until_in_stereo()
        assert frame_number(client.last.picture) > before
        assert client.connections == 1


def test_whoever_comes_second_gets_a_picture_at_once(launcher: Launcher, port: int) -> None:
    with Client.watching(port) as first:
        first.until_new()
        with Client.watching(port) as second:
            second.until_in_stereo()
            second.until_new()
        first.until_new()  # he stays


def test_everything_sleeps_while_the_window_is_minimised(display: Display, tmp_path: Path) -> None:
    display.show_something_moving()
    with program(tmp_path, *SCREEN, "sinks=[window]") as launcher:
        launcher.until_running("capture", "depth", "steady", "window")
        window = Window(display, launcher)
        minimised = window.id
        display.xdotool("windowmove", minimised, 640, 0)  # off what is captured
        window.until_in_stereo()
        busy = work(launcher)
        display.xdotool("windowunmap", minimised)
        launcher.until_logged("nobody looks")
        assert work(launcher) < busy / 5
        display.xdotool("windowmap", minimised)
        launcher.until_logged("somebody looks")
        window.until_in_stereo()
        assert work(launcher) > busy / 5


def seqs(launcher: Launcher) -> list[int]:
    return [launcher.ring(name)["seq"] for name in RINGS]


def seqs_later(launcher: Launcher) -> list[int]:
    time.sleep(0.5)
    return seqs(launcher)


def work(launcher: Launcher, seconds: float = 1.5) -> float:
    """CPU that all its processes use, in percent of one core."""
    cpu_percent(launcher)
    time.sleep(seconds)
    return cpu_percent(launcher)


def cpu_percent(launcher: Launcher) -> float:
    return sum(worker["cpu_percent"] or 0.0 for worker in launcher.figures()["workers"])
