"""Workers are killed in turn while somebody watches: the picture goes on or says that it is stale, and the
page is never loaded again. Depth comes from the real network."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.live.browser import Browser
from tests.live.client import Client
from tests.live.display import Display
from tests.live.needs import needs
from tests.live.program import free_port, on_the_web, program
from tests.pipeline.running import Launcher

pytestmark = needs("model")
LONG = 10.0  # seconds without a new picture that count as frozen: a worker starts again within one or two


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def launcher(port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launcher]:
    """One for all tests: each leaves it running whole."""
    folder = tmp_path_factory.mktemp("killed")
    with program(folder, "capture.source=scene", "capture.fps=20", *on_the_web(port)) as launcher:
        launcher.until_running("capture", "depth", "steady", "stereo", "web")
        yield launcher


def test_without_depth_new_frames_come_carried_by_flow(launcher: Launcher, port: int) -> None:
    with Client.watching(port) as client:
        client.until_new()
        before = launcher.restarts()
        start = kill(launcher, "depth")
        while launcher.worker("depth")["restarts"] == before["depth"]:
            assert time.monotonic() - start < LONG
        client.until_new()
        launcher.until_restarted("depth", before)
        client.until_new()
        assert client.longest_gap(start) < LONG / 4  # no need to wait for the next process
        assert not any(one.stale for one in client.since(start))
        assert client.connections == 1


@pytest.mark.parametrize("name", ["steady", "stereo", "capture"])
def test_the_picture_is_stale_until_the_killed_worker_is_back(
    name: str, launcher: Launcher, port: int
) -> None:
    with Client.watching(port) as client:
        client.until_new()
        before = launcher.restarts()
        start = kill(launcher, name)
        client.until(lambda: any(one.stale for one in client.since(start)), "the picture is marked stale")
        launcher.until_restarted(name, before)
        client.until(lambda: not client.last.stale, "the mark goes")
        client.until_new()
        assert client.longest_gap(start) < LONG
        assert client.connections == 1
        seqs = [one.seq for one in client.seen]
        assert seqs == sorted(seqs)


@needs("chromium")
def test_the_page_connects_again_by_itself(launcher: Launcher, port: int, browser: Browser) -> None:
    with browser.page(port) as page:
        page.until_new()
        before = launcher.restarts()
        kill(launcher, "web")
        page.until_said("no connection")
        launcher.until_restarted("web", before)
        page.until("note.hidden")
        page.until_new()
        assert not page.was_reloaded


@needs("chromium")
def test_the_page_says_that_the_source_is_away(launcher: Launcher, port: int, browser: Browser) -> None:
    with browser.page(port) as page:
        page.until_new()
        before = launcher.restarts()
        kill(launcher, "capture")
        page.until_said("stale")
        launcher.until_restarted("capture", before)
        page.until("document.body.dataset.stale === '0' && note.hidden")
        page.until_new()
        assert not page.was_reloaded


def test_a_depth_that_stands_still_does_not_freeze_the_picture(launcher: Launcher, port: int) -> None:
    with Client.watching(port) as client:
        client.until_new()
        before = launcher.restarts()
        start = time.monotonic()
        os.kill(launcher.pids()["depth"], signal.SIGSTOP)
        client.until(lambda: is_flat(client.last.picture), "a depth that is old is not shown for ever")
        launcher.until_logged("depth has hung")
        assert client.longest_gap(start) < LONG / 4
        launcher.until_restarted("depth", before)
        client.until(lambda: not is_flat(client.last.picture), "depth is back")
        client.until_new()
        assert client.connections == 1


def is_flat(picture: npt.NDArray[np.uint8]) -> bool:
    """Both eyes see the same, but for what JPEG makes of it."""
    left, right = np.hsplit(picture.astype(int), 2)
    return float(np.abs(left - right).mean()) < 2


def kill(launcher: Launcher, name: str) -> float:
    """When: what comes of it may be there before this process goes on."""
    pid, now = launcher.pids()[name], time.monotonic()
    os.kill(pid, signal.SIGKILL)
    return now


@needs("Xvfb", "xdotool")
def test_a_killed_window_opens_again(display: Display, tmp_path: Path) -> None:
    with program(tmp_path, "capture.source=scene", "capture.fps=20", "sinks=[window]") as launcher:
        display.window()
        restarts = launcher.restarts()
        kill(launcher, "window")
        launcher.until_restarted("window", restarts)
        launcher.until_flowing()
        place = display.place(display.window())
        launcher.until(lambda: display.screenshot(place).std() > 20, "it shows the picture")
