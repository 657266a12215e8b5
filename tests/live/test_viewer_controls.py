"""Who has the control token changes the picture from the viewer's bar."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.browser import Browser
from tests.live.client import Client
from tests.live.display import Display
from tests.live.needs import needs
from tests.live.picture import eyes_of, save, shifts
from tests.live.program import SCREEN, environment, free_port, on_the_web, program
from tests.pipeline.running import Launcher
from workers.sinks._web.tokens import control_token

pytestmark = needs("Xvfb", "chromium", "model")


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def launcher(port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launcher]:
    with Display.started(1920, 720) as screen, environment(DISPLAY=screen.name):
        screen.show_something_moving()
        with program(tmp_path_factory.mktemp("controls"), *SCREEN, *on_the_web(port)) as launcher:
            launcher.until_running("capture", "depth", "steady", "stereo", "web")
            yield launcher


def near_shift(client: Client) -> float:
    try:
        return shifts(eyes_of(client.last.picture))[0]
    except AssertionError:  # the ball is not in the picture
        return float("nan")


def test_the_bar_changes_strength_view_and_layout(
    browser: Browser, launcher: Launcher, port: int, shots: Path
) -> None:
    with Client.watching(port) as client, browser.page(port, f"?token={control_token()}") as page:
        client.until_in_stereo()
        page.until("document.getElementById('layout').value === 'half-sbs'")
        assert "token" not in page.tab.url, "nobody reads it over a shoulder"
        normal = near_shift(client)
        save(page.screenshot(), shots / "viewer-controls.png")

        page.tab.fill("#strength", "8")
        client.until(lambda: near_shift(client) > 1.5 * normal, "it is deeper")
        page.tab.click("#view")
        client.until(lambda: abs(near_shift(client)) < 0.5, "both eyes see the same")
        page.tab.click("#view")
        client.until(lambda: near_shift(client) > 1.5 * normal, "it is 3D again")
        page.tab.select_option("#layout", "full-sbs")
        client.until(lambda: client.last.picture.shape[1] == 1280, "both views are whole")
        assert client.connections == 1
        assert page.problems == []


def test_what_is_refused_is_said_in_the_page(browser: Browser, launcher: Launcher, port: int) -> None:
    with browser.page(port, f"?token={control_token()}") as page:
        page.until("document.getElementById('layout').value !== ''")
        page.tab.evaluate("strength.max = 99")
        page.tab.fill("#strength", "50")
        page.until("note.textContent.startsWith('refused: ')")
        page.until("note.textContent.includes('at most 10')")
