"""The viewer in a real browser: by each of its ways, in both languages, and back after a loss."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.house import LauncherHouse
from tests.live.browser import Browser, Page
from tests.live.client import Client
from tests.live.display import Display
from tests.live.needs import needs
from tests.live.picture import HEIGHT, WIDTH, Painter, assert_in_stereo, save
from tests.live.program import SCREEN, free_port, on_the_web, program
from tests.pipeline.running import Launcher, until
from workers.sinks._web.tokens import control_token

pytestmark = needs("Xvfb", "chromium", "model")
WAYS = ("jpeg", "h264", "webrtc", "mse", "mjpeg")
BAR_IS_AWAY = "(bar.hidden = true) && !note.textContent"  # as it is three seconds later


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def launcher(port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launcher]:
    """One for all tests: each leaves it running whole."""
    with Display.in_use(1920, 720) as screen:
        screen.show_something_moving()
        with program(tmp_path_factory.mktemp("viewer"), *SCREEN, *on_the_web(port)) as launcher:
            launcher.until_running("capture", "depth", "steady", "stereo", "encode", "web")
            yield launcher


def seen(page: Page) -> Any:
    """What fills the page, with nothing over it."""
    page.until(BAR_IS_AWAY)
    return page.screenshot()


def until_in_stereo(page: Page) -> Any:
    return page.until_in_stereo(lambda: seen(page))


@pytest.mark.parametrize("way", WAYS)
def test_the_picture_comes_by_every_way(
    way: str, browser: Browser, launcher: Launcher, port: int, shots: Path
) -> None:
    with browser.page(port, f"#{way}") as page:
        shown = until_in_stereo(page)
        save(shown, shots / f"viewer-{way}.png")
        assert_in_stereo(shown)
        assert page.tab.evaluate("transport.value") == way
        first = shown
        until(lambda: np.abs(seen(page).astype(int) - first).mean() > 0.5, "it moves")
        assert page.problems == []


def test_all_ways_show_the_same_colours(browser: Browser, launcher: Launcher, port: int) -> None:
    """The sky stands still."""
    found = {}
    for way in WAYS:
        with browser.page(port, f"#{way}") as page:
            shown = until_in_stereo(page).astype(int)
            found[way] = [np.median(shown[row : row + 20, 60:580:7], axis=(0, 1)) for row in (80, 160, 240)]
    for way in WAYS:
        assert np.abs(np.array(found[way]) - found["jpeg"]).max() <= 6, found


@pytest.mark.parametrize("way", ["h264", "webrtc", "mse"])
def test_video_goes_on_after_its_encoder_was_killed(
    way: str, browser: Browser, launcher: Launcher, port: int
) -> None:
    with browser.page(port, f"#{way}") as page:
        until_in_stereo(page)
        before = launcher.restarts()
        os.kill(launcher.pids()["encode"], signal.SIGKILL)
        launcher.until_restarted("encode", before)
        first = seen(page)
        until(lambda: np.abs(seen(page).astype(int) - first).mean() > 0.5, "it moves again")
        until_in_stereo(page)
        assert not page.was_reloaded


@pytest.mark.parametrize("way", ["h264", "webrtc", "mjpeg"])  # by JPEG: test_killed.py
def test_the_page_comes_back_by_itself_when_the_server_does(
    way: str, browser: Browser, launcher: Launcher, port: int
) -> None:
    with browser.page(port, f"#{way}") as page:
        until_in_stereo(page)
        before = launcher.restarts()
        os.kill(launcher.pids()["web"], signal.SIGKILL)
        page.until_said("no connection")
        launcher.until_restarted("web", before)
        until_in_stereo(page)
        assert not page.was_reloaded


def test_nobody_s_video_costs_nothing(browser: Browser, launcher: Launcher, port: int) -> None:
    with browser.page(port, "#h264") as page:
        until_in_stereo(page)
    with browser.page(port, "#jpeg") as page:
        until_in_stereo(page)
        made = launcher.ring("packets")["seq"]
        page.until_new(20)
        assert launcher.ring("packets")["seq"] == made


@pytest.mark.parametrize(
    ("locale", "full", "other"), [("en-GB", "Full screen", "中文"), ("zh-CN", "全屏", "English")]
)
def test_the_page_speaks_the_browser_s_language_and_the_other(
    locale: str, full: str, other: str, browser: Browser, launcher: Launcher, port: int, shots: Path
) -> None:
    with browser.page(port, locale=locale) as page:
        assert page.tab.inner_text("#full") == full
        assert page.tab.inner_text("#language") == other
        page.until_new()
        save(page.screenshot(), shots / f"viewer-{locale}.png")
        page.tab.press("#language", "Space")  # the bar may hide from a mouse meanwhile
        assert page.tab.inner_text("#full") != full
        page.tab.reload()
        assert page.tab.inner_text("#full") != full, "it is remembered"


def test_who_cannot_control_sees_no_controls(browser: Browser, launcher: Launcher, port: int) -> None:
    with browser.page(port) as page:
        page.until_new()
        assert not page.tab.is_visible("#strength")
        assert page.tab.evaluate("fetch('hello').then(reply => reply.json())")["controls"] is False


def test_the_figures_can_be_shown(browser: Browser, launcher: Launcher, port: int, shots: Path) -> None:
    with browser.page(port) as page:
        page.until_new()
        page.tab.keyboard.press("f")
        page.until("/^[1-9][0-9]* fps +[0-9]+ ms old +[0-9]+ dropped +640 × 360$/.test(figures.textContent)")
        save(page.screenshot(), shots / "viewer-figures.png")


def test_of_a_still_screen_who_comes_gets_the_picture(browser: Browser, port: int, tmp_path: Path) -> None:
    """By video; of pictures the server has kept the last."""
    still, here = tmp_path / "still.png", free_port()
    save(Painter().paint(7), still)
    assert (HEIGHT, WIDTH) == (360, 640)
    settings = "capture.source=image", f"image.path={still}", *on_the_web(here)
    with program(tmp_path, *settings) as launcher:
        launcher.until_running("capture", "depth", "steady", "stereo", "encode", "web")
        with browser.page(here, "#h264") as first:
            until_in_stereo(first)
            with browser.page(here, "#h264") as second:
                until_in_stereo(second)


def test_the_bar_changes_strength_view_and_layout(
    browser: Browser, launcher: Launcher, port: int, shots: Path
) -> None:
    with Client.watching(port) as client, browser.page(port, f"?token={control_token()}") as page:
        client.until_in_stereo()
        page.tab.wait_for_selector("#strength")
        assert "token" not in page.tab.url, "nobody reads it over a shoulder"
        normal = client.near_shift()
        save(page.screenshot(), shots / "viewer-controls.png")

        page.tab.fill("#strength", "8")
        client.until(lambda: client.near_shift() > 1.5 * normal, "it is deeper")
        page.tab.click("#view")
        client.until(lambda: abs(client.near_shift()) < 0.5, "both eyes see the same")
        page.tab.press("#view", "Space")  # the bar may hide from a mouse meanwhile
        client.until(lambda: client.near_shift() > 1.5 * normal, "it is 3D again")
        page.tab.select_option("#layout", "full-sbs")
        client.until(lambda: client.last.picture.shape[1] == 1280, "both views are whole")
        assert client.connections == 1
        assert page.problems == []


def test_the_bar_follows_what_others_change(browser: Browser, launcher: Launcher, port: int) -> None:
    house = LauncherHouse(launcher.pid)
    before = house.settings()["values"]["stereo"]
    with browser.page(port, f"?token={control_token()}") as page:
        page.tab.wait_for_selector("#strength")
        for key, shown, value in (
            ("strength", "strength.value", 6.5),
            ("layout", "layout.value", "half-tab"),
            ("view", "view.getAttribute('aria-pressed')", "2d"),
        ):
            house.change("stereo", key, value, False)
            there = "false" if key == "view" else str(value)
            until(lambda: page.tab.hover("#view") or page.tab.evaluate(shown) == there, "the bar says so")  # noqa: B023
            house.change("stereo", key, before[key], False)
        assert page.problems == []


def test_who_comes_while_the_server_is_away_gets_his_controls_later(
    browser: Browser, launcher: Launcher, port: int
) -> None:
    with browser.page(port) as page:
        page.tab.route("**/{hello,api/settings}", lambda route: route.abort())
        page.tab.goto(f"http://127.0.0.1:{port}/?token={control_token()}")
        page.until_new()
        assert not page.tab.is_visible("#strength")
        page.tab.unroute("**/{hello,api/settings}")
        page.tab.wait_for_selector("#strength")


def test_what_is_refused_is_said_in_the_page(browser: Browser, launcher: Launcher, port: int) -> None:
    with browser.page(port, f"?token={control_token()}") as page:
        page.tab.wait_for_selector("#strength")
        page.tab.evaluate("strength.max = 99")
        page.tab.fill("#strength", "50")
        page.until("note.textContent.startsWith('refused: ')")
        page.until("note.textContent.includes('at most 10')")
