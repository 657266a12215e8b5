"""The dashboard in chromium, over a running program."""

import json
import os
import signal
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.live.browser import Browser, decoded
from tests.live.client import Client
from tests.live.needs import needs
from tests.live.picture import save
from tests.live.program import free_port, on_the_web, program
from tests.live.test_messages import answer
from tests.pipeline.running import REPO, Launcher, until
from workers.sinks._web.tokens import control_token

UPLOT = REPO / "workers" / "sinks" / "_web" / "vendor" / "uplot" / "uPlot.esm.js"
pytestmark = [
    needs("chromium"),
    pytest.mark.skipif(not UPLOT.exists(), reason="`python scripts/vendor.py` has not got uplot"),
    pytest.mark.timeout(120),
]
PLOTS = ("latency", "stages", "fps", "drops", "cpu", "memory")
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Launcher, int]]:
    """A program that somebody looks at, and its port."""
    port = free_port()
    settings = "capture.source=scene", "depth.model=true", *on_the_web(port)
    with program(tmp_path_factory.mktemp("dash"), *settings) as launcher, Client.watching(port) as client:
        client.until_new()
        yield launcher, port


@pytest.fixture
def url(served: tuple[Launcher, int]) -> str:
    return f"http://127.0.0.1:{served[1]}/dash?token={control_token()}"


def until_sampled(tab: Any, count: int) -> None:
    until(lambda: int(tab.evaluate("document.body.dataset.samples || 0")) >= count, f"{count} samples")


def drawn(tab: Any, plot: str) -> bool:
    """There is more than one colour in it."""
    script = f"""(() => {{
        const {{width, height}} = document.querySelector('[data-plot="{plot}"] canvas');
        const paint = document.querySelector('[data-plot="{plot}"] canvas').getContext('2d');
        return new Set(new Uint32Array(paint.getImageData(0, 0, width, height).data.buffer)).size > 20;
    }})()"""
    return bool(tab.evaluate(script))


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_figures_are_plotted(
    browser: Browser, url: str, scheme: str, size: dict[str, int], shots: Path
) -> None:
    with browser.tab(viewport=size, color_scheme=scheme, locale="en") as tab:
        problems: list[str] = []
        tab.on("pageerror", lambda error: problems.append(str(error)))
        tab.goto(url)
        until_sampled(tab, 4)
        for plot in PLOTS:
            assert drawn(tab, plot), plot
        assert "from capture to web" in tab.inner_text("#now")
        assert tab.locator("#workers tbody tr").count() == 5
        assert tab.is_hidden("#log-box") or tab.inner_text("#log")
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it fits the page's width"
        shot = tab.screenshot(full_page=True)
        save(decoded(shot), shots / f"dash-{scheme}-{size['width']}.png")
        assert problems == []


def test_a_restart_is_a_mark_on_the_time_line(
    served: tuple[Launcher, int], browser: Browser, url: str, shots: Path
) -> None:
    launcher, _ = served
    with browser.tab(viewport=DESK, locale="zh-CN") as tab:
        tab.goto(url)
        until_sampled(tab, 3)
        before = launcher.restarts()
        os.kill(launcher.pids()["stereo"], signal.SIGKILL)
        launcher.until_restarted("stereo", before)
        until(lambda: tab.evaluate("document.body.dataset.restarts") == "stereo", "the restart is marked")
        tab.click("text=English")
        assert tab.inner_text("h1") == "Dashboard"
        tab.click("text=中文")
        assert tab.inner_text("h1") == "仪表盘"
        tab.select_option("#share", "p95")
        until_sampled(tab, int(tab.evaluate("document.body.dataset.samples")) + 1)
        save(decoded(tab.screenshot(full_page=True)), shots / "dash-restart-zh.png")


def test_a_page_that_is_loaded_again_does_not_begin_empty(browser: Browser, url: str) -> None:
    with browser.tab() as tab:
        tab.goto(url)
        until_sampled(tab, 5)
        tab.reload()
        until_sampled(tab, 1)
        assert int(tab.evaluate("document.body.dataset.samples")) >= 5


def test_without_its_library_the_page_says_so_and_shows_the_table(browser: Browser, url: str) -> None:
    with browser.tab(locale="en") as tab:
        tab.route("**/vendor/uplot/*", lambda route: route.fulfill(status=404))
        tab.goto(url)
        until(lambda: "python scripts/vendor.py" in tab.inner_text("#note"), "it says how to get it")
        until_sampled(tab, 1)
        assert tab.locator("#workers tbody tr").count() == 5


def test_the_dashboard_needs_the_control_token(served: tuple[Launcher, int]) -> None:
    _, port = served
    assert answer(port, "/dash") == 401
    assert answer(port, "/api/figures") == 401
    assert answer(port, "/api/figures", Authorization=f"Bearer {control_token()}") == 200
    assert answer(port, "/api/figures?since=never", Authorization=f"Bearer {control_token()}") == 400


def test_state_and_metrics_carry_the_figures_of_the_house(served: tuple[Launcher, int]) -> None:
    launcher, port = served
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/state", timeout=30) as reply:
        state = json.load(reply)
    assert {worker["name"] for worker in state["workers"]} == launcher.pids().keys()
    assert state["clients"]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as reply:
        families = {one.name: one for one in text_string_to_metric_families(reply.read().decode())}
    cpu = {
        sample.labels["worker"]: sample.value for sample in families["stereoring_worker_cpu_percent"].samples
    }
    assert cpu.keys() == launcher.pids().keys()
