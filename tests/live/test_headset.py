"""The headset's page in chromium, with an emulated headset: what each eye sees, and what hands do."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.browser import Browser
from tests.live.client import Client
from tests.live.headset import IWER, PUT_ON, SIDE, Headset, screen_in
from tests.live.needs import needs
from tests.live.picture import Eyes, Picture, eyes_of, save
from tests.live.program import free_port
from tests.pipeline.running import Launcher, launched, until

pytestmark = [
    needs("chromium"),
    pytest.mark.skipif(not IWER.exists(), reason="`python scripts/vendor.py test` has not got iwer"),
    pytest.mark.timeout(150),
]
STILL = """
sinks: [web]
web: {{port: {port}}}
capture: {{source: scene, fps: 10}}
scene: {{width: 640, height: 360, balls: 4, speed: 0}}
depth: {{model: true}}
stereo: {{layout: {layout}, swap_eyes: {swapped}, strength: 6}}
"""
NOTE_STATES = """
    window.said = [];
    const note = () => said.push(document.body.dataset.state);
    new MutationObserver(note).observe(document.body, {attributes: true});
"""


class Shown:
    """A program with a scene that stands still, and the file that it is changed with."""

    def __init__(self, launcher: Launcher, file: Path, port: int) -> None:
        self.launcher, self.file, self.port = launcher, file, port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/xr"

    def lay_out(self, layout: str, swapped: bool = False) -> None:
        said = len(self.launcher.log)
        self.file.write_text(STILL.format(port=self.port, layout=layout, swapped=str(swapped).lower()))
        self.launcher.until(lambda: "is now" in self.launcher.log[said:], "the new layout is taken")

    def picture(self) -> Picture:
        with Client.watching(self.port) as client:
            client.until_new()
            return client.last.picture


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    folder, port = tmp_path_factory.mktemp("headset"), free_port()
    file = folder / "settings.yaml"
    file.write_text(STILL.format(port=port, layout="half-sbs", swapped="false"))
    with launched(folder, file=file, ready=False) as launcher:
        launcher.until_running("web")
        yield Shown(launcher, file, port)


@pytest.fixture(scope="module")
def views(shown: Shown) -> Eyes:
    """What each eye is to see, whatever the layout."""
    return eyes_of(shown.picture())


@pytest.fixture
def headset(shown: Shown, browser: Browser) -> Iterator[Headset]:
    with Headset.on(browser, shown.url) as headset:
        headset.put(width=3, distance=3, height=0, curve=0)
        yield headset


def test_each_eye_sees_its_own_view(headset: Headset, views: Eyes, shots: Path) -> None:
    headset.enter()
    headset.until_seen(views, "side by side")
    save(headset.eyes().left, shots / "headset-left.png")
    save(headset.eyes().right, shots / "headset-right.png")


def test_layouts_may_change_while_somebody_looks(
    shown: Shown, headset: Headset, views: Eyes, shots: Path
) -> None:
    web = shown.launcher.pids()["web"]
    headset.enter()
    headset.until_seen(views, "side by side")
    assert not same_in_both(headset)
    try:
        for layout, swapped in (
            ("full-sbs", False),
            ("half-tab", False),
            ("full-tab", False),
            ("full-tab", True),
            ("half-sbs", True),
        ):
            shown.lay_out(layout, swapped)
            headset.until_seen(views, f"{layout}{' swapped' * swapped}")
            save(headset.eyes().left, shots / f"headset-{layout}{'-swapped' * swapped}.png")
        shown.lay_out("anaglyph-dubois")
        shown.launcher.until(lambda: same_in_both(headset), "both eyes see the same")
        assert "half-sbs" in headset.tab.inner_text("#why")
    finally:
        shown.lay_out("half-sbs")
    headset.until_seen(views, "as at first")
    assert shown.launcher.pids()["web"] == web
    assert headset.tab.evaluate("window.mark")


def same_in_both(headset: Headset) -> bool:
    left, right = headset.eyes()
    shift = round(0.063 / 3 * SIDE / 2)  # between the eyes, on a screen that is 3 m away
    rows, begin, end = slice(SIDE // 2, SIDE * 5 // 8), SIDE * 5 // 16, SIDE * 11 // 16
    one, other = left[rows, begin + shift : end + shift], right[rows, begin:end]
    return float(abs(one.astype(int) - other).mean()) < 1  # it is 0.3 or 3


def test_a_curved_screen_comes_nearer_at_its_sides(headset: Headset, shots: Path) -> None:
    headset.enter()
    flat = height_at_sides(headset)
    headset.put(curve=1)
    curved = height_at_sides(headset)
    save(headset.eyes().left, shots / "headset-curved.png")
    assert abs(flat[0] - flat[1]) <= SIDE // 200
    assert curved[0] > curved[1] + SIDE // 100


def height_at_sides(headset: Headset) -> tuple[int, int]:
    """How high the screen is near its left border, and in its middle."""
    eye = headset.eyes().left
    left, _, right, _ = screen_in(eye[: SIDE // 2])
    return tuple(  # type: ignore[return-value]
        int((eye[: SIDE // 2, column].max(axis=1) > 110).sum())
        for column in (left + SIDE // 100, (left + right) // 2)
    )


def test_the_stick_moves_the_screen_and_makes_it_larger(headset: Headset) -> None:
    headset.enter()
    left, _, right, _ = screen_in(headset.eyes().left[: SIDE // 2])
    headset.stick(0, -1)
    headset.until("distance.value > 4")
    headset.stick(0, 0)
    farther = screen_in(headset.eyes().left[: SIDE // 2])
    assert farther[2] - farther[0] < right - left - SIDE // 20
    headset.stick(1, 0)
    headset.until("width.value > 5")
    headset.stick(0, 0)
    larger = screen_in(headset.eyes().left[: SIDE // 2])
    assert larger[2] - larger[0] > farther[2] - farther[0] + SIDE // 20


def test_a_hand_that_grips_the_screen_carries_it(headset: Headset) -> None:
    headset.enter()
    before = screen_in(headset.eyes().left[: SIDE // 2])
    headset.turn("device.controllers.right", 20)
    assert screen_in(headset.eyes().left[: SIDE // 2]) == before, "without a grip it stays"
    headset.hold("squeeze")
    headset.turn("device.controllers.right", 0)
    headset.hold("squeeze", 0)
    headset.turn("device.controllers.right", 20)
    carried = screen_in(headset.eyes().left[: SIDE // 2])
    assert carried[0] > before[0] + SIDE // 10, "to the right, as the hand went"


def test_recentred_the_screen_is_where_one_looks(headset: Headset) -> None:
    headset.enter()
    before = screen_in(headset.eyes().left[: SIDE // 2])
    headset.turn("device", 30)
    assert screen_in(headset.eyes().left[: SIDE // 2])[0] > before[0] + SIDE // 8
    headset.press("b-button")
    now = screen_in(headset.eyes().left[: SIDE // 2])
    assert all(abs(one - other) <= SIDE // 400 for one, other in zip(now, before, strict=True))


def test_buttons_curve_the_screen_and_show_the_figures(headset: Headset, shots: Path) -> None:
    headset.enter()
    headset.press("a-button")
    headset.until("curve.value == 0.25")
    below = slice(SIDE * 66 // 100, SIDE * 3 // 4), slice(SIDE * 3 // 8, SIDE * 5 // 8)
    assert headset.eyes().left[below].max() < 110, "nothing is below the screen"
    headset.press("trigger")
    assert headset.eyes().left[below].max() > 150
    save(headset.eyes().left, shots / "headset-figures.png")
    headset.press("trigger")
    assert headset.eyes().left[below].max() < 110


def test_what_was_chosen_is_remembered_and_can_be_taken_back(headset: Headset) -> None:
    headset.put(distance=5, curve=0.5)
    headset.until("JSON.parse(localStorage.getItem('stereoring-screen'))?.distance === 5")
    headset.tab.reload()
    headset.until_live()
    assert (headset.place("distance"), headset.place("curve")) == (5, 0.5)
    headset.tab.click("#reset")
    assert headset.place("distance") == 3


def test_one_may_leave_and_enter_again(headset: Headset, views: Eyes) -> None:
    headset.enter()
    headset.leave()
    headset.until_live()
    headset.enter(around=True)
    assert headset.eyes().left[10, 10].min() > 200, "the page is around the screen"
    headset.leave()
    headset.enter()
    headset.until_seen(views, "as the first time")


def test_a_lost_connection_is_said_in_space_and_comes_back(
    shown: Shown, headset: Headset, views: Eyes
) -> None:
    headset.enter()
    headset.tab.evaluate(NOTE_STATES)
    before = shown.launcher.restarts()
    os.kill(shown.launcher.pids()["web"], signal.SIGKILL)
    shown.launcher.until_restarted("web", before)
    headset.until_live()
    assert "lost" in headset.tab.evaluate("said")
    headset.until_seen(views, "again")
    assert headset.tab.evaluate("window.mark")


def test_without_a_headset_or_its_library_the_page_says_so_in_both_languages(
    shown: Shown, browser: Browser, shots: Path
) -> None:
    with browser.tab(viewport={"width": 420, "height": 900}) as tab:
        tab.goto(shown.url)
        until(lambda: "no headset" in tab.inner_text("#why"), "it says what is missing")
        assert tab.is_disabled("#enter")
        tab.click("#language")
        assert "没有头显" in tab.inner_text("#why")
        tab.screenshot(path=shots / "headset-page-zh.png", full_page=True)
    with browser.tab(IWER.read_text() + PUT_ON) as tab:
        tab.route("**/vendor/three/*", lambda route: route.fulfill(status=404))
        tab.goto(shown.url)
        until(lambda: "python scripts/vendor.py" in tab.inner_text("#why"), "it says how to get it")
