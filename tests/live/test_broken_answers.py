"""Answers that are broken off, are none, or refuse: the pages say so and go on; a refusal can be read."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live.browser import Browser
from tests.live.needs import needs
from tests.live.program import free_port, on_the_web, program
from tests.pipeline.running import Launcher, until
from workers.sinks._web.tokens import control_token

pytestmark = [needs("chromium"), pytest.mark.timeout(120)]
BROKEN = {
    "no answer": lambda route: route.abort(),
    "an error": lambda route: route.fulfill(status=500, body="500 Internal Server Error"),
    "no JSON": lambda route: route.fulfill(status=200, body="<html>not yet</html>"),
    "half of it": lambda route: route.fulfill(status=200, body='{"sections": [{"na'),
    "nothing": lambda route: route.fulfill(status=200, body=""),
}


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def launcher(port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launcher]:
    settings = "capture.source=scene", "depth.model=true", *on_the_web(port)
    with program(tmp_path_factory.mktemp("broken"), *settings) as launcher:
        launcher.until_running("web", "stereo")
        yield launcher


class Breaking:
    """A tab whose questions at these addresses are answered wrongly, until they are not any more."""

    def __init__(self, tab: Any, places: str, how: str) -> None:
        self._tab, self._places, self._how = tab, places, BROKEN[how]
        self.asked = 0

    def __enter__(self) -> "Breaking":
        self._tab.route(self._places, self._answer)
        return self

    def __exit__(self, *error: object) -> None:
        self._tab.unroute(self._places)

    def _answer(self, route: Any) -> None:
        self.asked += 1
        self._how(route)

    def until_asked(self, times: int) -> None:
        before = self.asked
        until(lambda: self._tab.evaluate("1") and self.asked >= before + times, "the page asks on")


@pytest.fixture
def tab(browser: Browser) -> Iterator[Any]:
    with browser.tab(locale="en") as tab:
        tab.set_default_timeout(50_000)
        tab.problems = []
        tab.on("pageerror", lambda error: tab.problems.append(str(error)))
        yield tab
        assert not tab.problems


@pytest.mark.parametrize("how", BROKEN)
def test_the_panel_goes_on_after_a_broken_answer(launcher: Launcher, port: int, tab: Any, how: str) -> None:
    with Breaking(tab, "**/api/schema", how) as broken:
        tab.goto(f"http://127.0.0.1:{port}/panel?token={control_token()}#workers")
        broken.until_asked(2)
        tab.wait_for_selector("#lost:not([hidden])")
    tab.wait_for_selector("#lost", state="hidden")
    for name, shown in (("workers", ".worker .running"), ("models", ".model"), ("phone", "#codes > *")):
        tab.evaluate(f"location.hash = '{name}'")
        tab.wait_for_selector(shown)
    tab.evaluate("location.hash = 'workers'")
    with Breaking(tab, "**/api/**", how) as broken:
        broken.until_asked(4)
        tab.wait_for_selector("#lost:not([hidden])")
        tab.wait_for_selector("#tab-workers > .why:not([hidden])")
    for said in ("#lost", "#tab-workers > .why"):
        tab.wait_for_selector(said, state="hidden")


def test_what_is_refused_stays_where_it_was_said(launcher: Launcher, port: int, tab: Any) -> None:
    tab.goto(f"http://127.0.0.1:{port}/panel?token={control_token()}")
    tab.wait_for_selector("#profile option", state="attached")
    with Breaking(tab, "**/api/profile", "an error"):
        tab.select_option("#profile", index=1)
        tab.wait_for_selector("#refused:not([hidden])")
    looks: list[str] = []
    tab.on("response", lambda reply: looks.append(reply.url) if reply.url.endswith("api/settings") else None)
    until(lambda: tab.evaluate("1") and len(looks) > 2, "it is looked again")
    assert "500 Internal Server Error" in tab.inner_text("#refused")
    tab.click("#refused button")
    tab.wait_for_selector("#refused", state="hidden")


@pytest.mark.parametrize("how", BROKEN)
def test_the_dashboard_goes_on_after_a_broken_answer(
    launcher: Launcher, port: int, tab: Any, how: str
) -> None:
    def samples() -> int:
        return int(tab.evaluate("document.body.dataset.samples || 0"))

    with Breaking(
        tab, "**/{api,vendor}/**", how if how in ("no answer", "an error") else "no answer"
    ) as broken:
        tab.goto(f"http://127.0.0.1:{port}/dash?token={control_token()}")
        broken.until_asked(4)
        until(lambda: tab.inner_text("#note"), "it says so")
    until(lambda: samples() >= 2, "figures come")
    with Breaking(tab, "**/api/**", how) as broken:
        broken.until_asked(4)
        until(lambda: tab.inner_text("#note"), "it says so")
    before = samples()
    until(lambda: samples() > before, "figures come again")
    until(lambda: tab.inner_text("#note") == "" and tab.inner_text("#log"), "all is well")


@pytest.mark.parametrize("how", BROKEN)
def test_the_pose_page_says_what_is_wrong_with_an_answer(
    launcher: Launcher, port: int, tab: Any, how: str, tmp_path: Path
) -> None:
    (tmp_path / "a.png").write_bytes(b"no picture")
    tab.goto(f"http://127.0.0.1:{port}/pose")
    with Breaking(tab, "**/pose?people=*", how):
        tab.set_input_files("#file", tmp_path / "a.png")
        until(lambda: tab.inner_text("#note"), "it says so")
        assert tab.inner_text("#note").startswith({"an error": "500 "}.get(how, "no connection"))
    tab.set_input_files("#file", [])
    tab.set_input_files("#file", tmp_path / "a.png")
    until(
        lambda: tab.inner_text("#note").startswith("Nobody here finds poses"), "the server's answer is shown"
    )


@pytest.mark.parametrize("how", ["an error", "no JSON"])  # neither is a stream of events
def test_the_live_poses_go_on_after_a_broken_answer(
    launcher: Launcher, port: int, tab: Any, how: str
) -> None:
    tab.goto(f"http://127.0.0.1:{port}/pose")
    with Breaking(tab, "**/pose/live", how) as broken:
        tab.click("#live")
        broken.until_asked(4)
        until(
            lambda: tab.inner_text("#note").startswith({"an error": "500 "}.get(how, "no connection")),
            "it says so",
        )
    until(lambda: tab.evaluate("document.querySelector('#picture').naturalWidth > 0"), "the picture is there")
    until(lambda: tab.inner_text("#note").startswith("no pose comes"), "it is connected")
