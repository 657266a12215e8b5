"""The control panel in a real browser, in both languages, beside the running program."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from pipeline.house import LauncherHouse
from tests.live.browser import Browser
from tests.live.client import Client
from tests.live.display import Display
from tests.live.needs import needs
from tests.live.program import environment, free_port
from tests.live.slow_hub import NAME, slow_hub
from tests.pipeline.running import WATCHDOG, Launcher, launched, until

pytestmark = [needs("chromium", "Xvfb"), pytest.mark.timeout(120)]
PATIENCE = WATCHDOG * 1000  # milliseconds
TABS = {  # and what is in them when they are complete
    "picture": "#preview[src]",
    "source": "#cameras > *",
    "models": ".model",
    "workers": ".worker .running",
    "phone": "#codes > *",
    "settings": "#groups .field",
}
MODELS = ("person/selfie_general.tflite", "person/pose_detection.tflite", "voice/lyragan.tflite")  # are here
FILE = """\
# Mine.
sinks: [web]
capture: {{source: scene, fps: 15}}   # slowly
scene: {{width: 640, height: 360, balls: 3}}
depth: {{model: true}}
stereo:
  strength: 2.0   # as peers do
  layout: half-sbs
web:
  port: {port}
  lan: true
  https_port: 0
profiles:
  deep:
    stereo: {{strength: 8.0}}
"""


class Shown:
    """The program, its file, and a tab with its panel."""

    def __init__(self, launcher: Launcher, file: Path, port: int, tab: Any) -> None:
        self.launcher, self.file, self.port, self.tab = launcher, file, port, tab
        self.errors: list[str] = []
        tab.set_default_timeout(PATIENCE)
        tab.on("pageerror", lambda error: self.errors.append(str(error)))

    def open(self, name: str) -> None:
        self.tab.evaluate(f"location.hash = '{name}'")
        self.tab.wait_for_selector(f"#tab-{name}:not([hidden])")

    def field(self, place: str, tab: str = "settings") -> Any:
        return self.tab.locator(f"#tab-{tab} [data-place='{place}']")

    def until(self, script: str) -> None:
        """Until this is true in the page, which lets nobody's `eval` run in it."""
        until(lambda: self.tab.evaluate(script), script)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Launcher, Path, int]]:
    folder, port = tmp_path_factory.mktemp("panel"), free_port()
    for file in MODELS:
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).touch()
    with environment(STEREORING_MODELS=str(folder)), started(folder, port) as (launcher, file):
        yield launcher, file, port


@contextmanager
def started(folder: Path, port: int) -> Iterator[tuple[Launcher, Path]]:
    file = folder / "mine.yaml"
    file.write_text(FILE.format(port=port))
    with launched(folder, file=file, ready=False) as launcher:
        launcher.until_running("web", "stereo")
        yield launcher, file


@pytest.fixture
def shown(running: tuple[Launcher, Path, int], browser: Browser) -> Iterator[Shown]:
    """Each test begins with the file as it was at first."""
    launcher, file, port = running
    with browser.panel(port) as tab:
        shown = Shown(*running, tab)
        shown.tab.wait_for_selector("#groups .field", state="attached")
        yield shown
        assert not shown.errors
    house = LauncherHouse(launcher.pid)
    house.settings()  # answered once the last change is done with the file
    first = yaml.safe_load(FILE.format(port=port))
    file.write_text(FILE.format(port=port))
    launcher.until(
        lambda: all(
            first[section].items() <= house.settings()["values"][section].items()
            for section in ("capture", "scene", "stereo")
        ),
        "the settings are as they were at first",
    )
    launcher.until_running("web", "stereo", "capture", "steady")


def test_the_strength_that_is_dragged_changes_the_picture_and_is_kept_with_its_comment(shown: Shown) -> None:
    with Client.watching(shown.port) as client:
        client.until_new()
        slider = shown.field("stereo.strength", "picture").locator("input[type=range]")
        slider.evaluate("node => { node.value = 0; node.dispatchEvent(new Event('input')); }")

        def eyes_are_alike() -> bool:
            left, right = np.split(client.last.picture.astype(int), 2, axis=1)
            return bool(np.abs(left - right).mean() < 1)

        client.until(eyes_are_alike, "both eyes see the same")
        assert "strength: 2.0   # as peers do" in shown.file.read_text()  # he still drags
        slider.evaluate("node => node.dispatchEvent(new Event('change'))")
        shown.launcher.until(lambda: "strength: 0" in shown.file.read_text(), "it is in the file")
    assert yaml.safe_load(shown.file.read_text())["stereo"]["strength"] == 0
    assert "# as peers do" in shown.file.read_text()
    assert "# slowly" in shown.file.read_text()


def test_what_is_not_to_be_kept_stays_out_of_the_file(shown: Shown) -> None:
    before = shown.file.read_text()
    shown.tab.locator("#save").uncheck()
    shown.field("stereo.layout", "picture").locator("select").select_option("full-sbs")
    shown.launcher.until(lambda: shown.launcher.ring("picture")["shape"] == [360, 1280, 3], "both eyes whole")
    shown.field("stereo.layout", "picture").get_by_text("not in the file").wait_for()
    assert shown.file.read_text() == before
    shown.field("stereo.layout", "picture").locator("select").select_option("half-sbs")
    shown.field("stereo.layout", "picture").get_by_text("not in the file").wait_for(state="hidden")


def test_an_error_stands_at_the_field_that_it_belongs_to(shown: Shown) -> None:
    shown.open("settings")
    field = shown.field("programs.titles")
    field.locator("textarea").fill("mpv: film")
    field.locator("textarea").blur()
    field.locator(".error").wait_for()
    assert "unknown profile 'film'" in field.locator(".error").inner_text()
    assert field.locator("textarea").get_attribute("aria-invalid") == "true"
    field.locator("textarea").fill("mpv: deep")
    field.locator("textarea").blur()
    field.locator(".error").wait_for(state="hidden")
    shown.launcher.until(lambda: "mpv: deep" in shown.file.read_text(), "it is in the file")


def test_a_value_beyond_its_limits_is_refused_where_it_was_typed(shown: Shown) -> None:
    shown.open("settings")
    field = shown.field("capture.fps")
    field.locator("input[type=number]").fill("900")
    field.locator("input[type=number]").press("Enter")
    field.locator(".error").wait_for()
    assert field.locator(".error").inner_text() == "must be at most 480 (got 900)"


def test_what_restarts_says_whom_before_it_is_touched_and_does(shown: Shown) -> None:
    shown.open("settings")
    field = shown.field("scene.balls")
    assert "restarts capture" in field.locator(".badge").first.inner_text()
    before = shown.launcher.pids()["capture"]
    field.locator("input[type=number]").fill("5")
    field.locator("input[type=number]").press("Enter")
    shown.launcher.until(lambda: shown.launcher.pids()["capture"] not in (None, before), "another process")
    shown.launcher.until_running("capture")
    assert "balls: 5" in shown.file.read_text()


def test_a_reset_brings_one_default_back_and_all_only_after_a_question(shown: Shown) -> None:
    shown.open("settings")
    field = shown.field("capture.fps")
    field.locator(".reset").click()
    shown.launcher.until(lambda: "fps: 60" in shown.file.read_text(), "the default is in the file")
    shown.tab.locator("#reset-all").click()
    shown.tab.locator("#ask-no").click()
    assert "balls: 3" in shown.file.read_text()


def test_a_profile_is_a_preset(shown: Shown) -> None:
    shown.tab.locator("#profile").select_option("deep")
    shown.until("document.querySelector('[data-place=\"stereo.strength\"] input[type=number]').value == 8")
    shown.tab.locator("#profile").select_option("")
    shown.until("document.querySelector('[data-place=\"stereo.strength\"] input[type=number]').value == 2")


def test_a_worker_is_stopped_started_and_restarted(shown: Shown) -> None:
    shown.open("workers")
    card = shown.tab.locator("[data-name=stereo]")
    card.get_by_role("button", name="Stop").click()
    shown.launcher.until(lambda: shown.launcher.worker("stereo")["state"] == "stopped", "it is stopped")
    card.get_by_role("button", name="Start", exact=False).first.click()
    shown.launcher.until_running("stereo")
    before = shown.launcher.pids()["steady"]
    shown.tab.locator("[data-name=steady]").get_by_role("button", name="Restart").click()
    shown.launcher.until(lambda: shown.launcher.pids()["steady"] not in (None, before), "another process")


def test_the_last_sink_cannot_be_stopped_and_the_page_says_why(shown: Shown) -> None:
    shown.open("workers")
    card = shown.tab.locator("[data-name=web]")
    card.get_by_role("button", name="Stop").click()
    shown.tab.locator("#ask-yes").click()
    card.locator(".error").wait_for()
    assert "web is the last sink" in card.locator(".error").inner_text()


def test_another_web_server_is_noticed_without_a_reload(shown: Shown) -> None:
    shown.tab.evaluate("window.mark = 'the page that was loaded first'")
    before = shown.launcher.pids()["web"]
    shown.open("workers")
    shown.tab.locator("[data-name=web]").get_by_role("button", name="Restart").click()
    shown.tab.locator("#ask-yes").click()
    shown.launcher.until(lambda: shown.launcher.pids()["web"] not in (None, before), "another process")
    shown.launcher.until_running("web")
    shown.open("picture")
    shown.field("stereo.view", "picture").locator("select").select_option("2d")
    shown.launcher.until(lambda: "view: 2d" in shown.file.read_text(), "the page works as before")
    preview = shown.tab.locator("#preview")
    first = preview.get_attribute("src")
    LauncherHouse(shown.launcher.pid).worker("web", "restart")
    until(lambda: preview.get_attribute("src") not in (None, first), "its picture is asked for again")
    until(lambda: preview.evaluate("it => it.naturalWidth > 0"), "it comes")
    assert shown.tab.evaluate("window.mark") == "the page that was loaded first"


def test_a_lost_connection_is_shown_and_its_settings_are_there_at_the_next_start(
    tmp_path: Path, port: int, browser: Browser
) -> None:
    with ExitStack() as later:
        with started(tmp_path, port) as (launcher, file):
            tab = later.enter_context(browser.panel(port))
            shown = Shown(launcher, file, port, tab)
            shown.field("stereo.swap_eyes", "picture").locator("input").check()
            launcher.until(lambda: "swap_eyes: true" in file.read_text(), "it is in the file")
            assert launcher.stop() == 0
        tab.wait_for_selector("#lost:not([hidden])")
        with launched(tmp_path, file=file, ready=False) as again:
            again.until_running("web")
            tab.wait_for_selector("#lost", state="hidden")
            assert shown.field("stereo.swap_eyes", "picture").locator("input").is_checked()


def test_the_address_for_a_phone_is_there_as_a_code(shown: Shown) -> None:
    shown.open("phone")
    shown.tab.locator("#codes a").first.wait_for()
    assert f":{shown.port}/?token=" in shown.tab.locator("#codes a").first.inner_text()
    assert shown.tab.locator("#codes img").first.evaluate("node => node.naturalWidth") > 100


def test_the_token_does_not_stay_in_the_address(shown: Shown) -> None:
    shown.until("!location.search")


def test_every_word_of_the_page_is_there_in_both_languages(shown: Shown) -> None:
    words = shown.tab.evaluate("import('/panel/texts.js').then(module => module.TEXTS)")
    assert words["en"].keys() == words["zh"].keys()
    used = shown.tab.evaluate("[...document.querySelectorAll('[data-text]')].map(node => node.dataset.text)")
    assert set(used) <= words["en"].keys()


def test_the_language_is_remembered(shown: Shown) -> None:
    shown.tab.locator("#language").click()
    assert shown.tab.locator("#nav a").first.inner_text() == "画面"
    assert "立体强度" in shown.field("stereo.strength", "picture").inner_text()
    shown.tab.reload()
    shown.tab.wait_for_selector("text=立体强度")


@pytest.mark.parametrize(
    ("name", "width", "height", "more"),
    [
        ("desktop-en", 1280, 800, {"color_scheme": "dark"}),
        ("phone-zh", 360, 740, {"color_scheme": "light", "locale": "zh-CN"}),
    ],
)
def test_every_tab_fits_its_screen_and_every_control_has_a_name(
    running: tuple[Launcher, Path, int],
    browser: Browser,
    shots: Path,
    name: str,
    width: int,
    height: int,
    more: dict[str, Any],
) -> None:
    with browser.panel(running[2], width, height, **more) as tab:
        shown = Shown(*running, tab)
        shown.tab.wait_for_selector("#groups .field", state="attached")
        for part, content in TABS.items():
            shown.open(part)
            tab.locator(f"#tab-{part} {content}").first.wait_for()
            assert tab.evaluate("document.documentElement.scrollWidth") <= width, part
            tab.screenshot(path=str(shots / f"panel-{name}-{part}.png"))
        nameless = tab.evaluate(
            "[...document.querySelectorAll('input, select, textarea, button')].filter(node =>"
            " !node.labels?.length && !node.textContent.trim()"
            " && !node.ariaLabel && !node.getAttribute('aria-labelledby')).map(node => node.outerHTML)"
        )
        assert not nameless
        assert not shown.errors


def test_a_monitor_is_chosen_by_its_picture(display: Display, tmp_path: Path, browser: Browser) -> None:
    display.show_something_moving()
    port = free_port()
    with started(tmp_path, port) as (launcher, file), browser.panel(port) as tab:
        shown = Shown(launcher, file, port, tab)
        shown.open("source")
        shown.until("document.querySelector('.pick[data-kind=monitor] img')?.naturalWidth > 100")
        shown.open("settings")
        shown.field("depth.model").locator("input").fill("built-in")
        shown.field("depth.model").locator("input").press("Enter")
        launcher.until(lambda: "model: built-in" in file.read_text(), "the screen's depth is not known")
        shown.open("source")
        tab.locator(".pick[data-kind=monitor]").first.click()
        launcher.until(lambda: "source: auto" in file.read_text(), "the screen is captured")
        tab.wait_for_selector(".pick[data-kind=monitor][aria-pressed=true]")
        launcher.until_running("web", "capture")


def test_a_download_shows_how_far_it_is_and_can_be_cancelled(tmp_path: Path, browser: Browser) -> None:
    port = free_port()
    with (
        slow_hub() as hub,
        environment(HF_ENDPOINT=hub.address, XDG_CACHE_HOME=str(tmp_path / "cache"), STEREORING_MODELS=None),
        started(tmp_path, port) as (launcher, file),
        browser.panel(port) as tab,
    ):
        shown = Shown(launcher, file, port, tab)
        shown.open("models")
        tab.locator("#fetch-name").fill(NAME)
        tab.locator("#fetch button").click()
        card = tab.locator(f"[data-name='{NAME}']")
        card.locator("progress").wait_for()
        shown.until(f"document.querySelector(\"[data-name='{NAME}'] progress\").value > 0.01")
        card.get_by_role("button", name="Cancel").click()
        card.get_by_text("cancelled").wait_for()
        hub.go_on.set()
        card.get_by_role("button", name="Download").click()
        card.get_by_text("here").wait_for()


def test_a_model_is_chosen_for_what_it_is_for_and_a_part_of_others_not_at_all(shown: Shown) -> None:
    shown.open("models")
    card = shown.tab.locator("[data-name=selfie-general]")
    card.get_by_role("button", name="Use").click()
    card.get_by_role("button", name="chosen").wait_for()
    written = yaml.safe_load(shown.file.read_text())
    assert written["segment"] == {"model": "selfie-general"}
    assert written["depth"] == {"model": True}
    for part in ("pose-detection", "lyra-decoder"):
        shown.tab.locator(f"[data-name={part}]").get_by_text("here", exact=True).wait_for()
        assert not shown.tab.locator(f"[data-name={part}] button").is_visible()
    assert shown.tab.locator("[data-name=pose-full] button").inner_text() == "Download"


def test_the_option_opens_the_page_in_the_browser_with_the_token(tmp_path: Path, browser: Browser) -> None:
    port, opened = free_port(), tmp_path / "opened"
    script = tmp_path / "browser"
    script.write_text(f'#!/bin/sh\necho "$1" > {opened}\n')
    script.chmod(0o755)
    with (
        environment(BROWSER=str(script)),
        launched(tmp_path, f"web.port={port}", options=["--panel"], ready=False) as launcher,
    ):
        launcher.until(lambda: opened.exists() and opened.read_text().endswith("\n"), "the page is opened")
        assert set(launcher.pids()) >= {"null", "web"}
        assert opened.read_text().startswith(f"http://127.0.0.1:{port}/panel?token=")
        with browser.panel(port) as tab:
            tab.goto(opened.read_text().strip())
            tab.wait_for_selector("#groups .field", state="attached")
