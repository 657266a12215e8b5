"""A headset that is none: Meta's emulator iwer makes chromium believe in a Quest 3, and draws both eyes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import cv2
import numpy as np

from tests.live.browser import Browser, decoded
from tests.live.picture import Eyes, Picture
from tests.pipeline.running import REPO, WATCHDOG, until

IWER = REPO / "workers" / "sinks" / "_web" / "vendor" / "iwer" / "iwer.min.js"
# It draws 15 times a second: at 60 its chromium, without a GPU, leaves nothing of two cores to the program.
PUT_ON = """
    window.mark = 'the page that was loaded first';
    const soon = window.requestAnimationFrame.bind(window);
    window.requestAnimationFrame = draw => setTimeout(() => soon(draw), 50);
    window.cancelAnimationFrame = clearTimeout;
    window.device = new IWER.XRDevice(IWER.metaQuest3, {stereoEnabled: true});
    device.installRuntime({forceInstall: true});
"""
SIDE = 480  # pixels of what one eye sees, each way: 90 degrees
WIDE = 0.5  # of that, for a screen that is as wide as it is away


class Headset:
    """A tab with the headset's page. `with Headset.on(browser, url) as headset: …`"""

    def __init__(self, tab: Any) -> None:
        self.tab = tab
        self.problems: list[str] = []
        tab.on("pageerror", lambda error: self.problems.append(str(error)))

    @classmethod
    @contextmanager
    def on(cls, browser: Browser, url: str, **options: Any) -> Iterator["Headset"]:
        size = {"width": 2 * SIDE, "height": SIDE}
        with browser.tab(IWER.read_text() + PUT_ON, viewport=size, **options) as tab:
            headset = cls(tab)
            tab.goto(url)
            yield headset
            assert headset.problems == []

    def until(self, script: str) -> None:
        """Until this is true in the page."""
        until(lambda: self.tab.evaluate(f"!!({script})"), script)

    def until_live(self) -> None:
        """Newer pictures come."""
        before = int(self.tab.evaluate("document.body.dataset.seq || -1"))
        self.until(f"document.body.dataset.state === 'live' && Number(document.body.dataset.seq) > {before}")

    def enter(self, around: bool = False) -> None:
        """With the dark room, or what is around: the page."""
        self.until("!document.getElementById('enter').disabled")
        self.tab.set_checked("#around", around)
        self.tab.click("#enter")
        self.until("device.activeSession")
        self.until_live()

    def leave(self) -> None:
        self.tab.evaluate("device.activeSession.end()")
        self.until("!device.activeSession")

    def put(self, **values: float) -> None:
        """With the sliders."""
        for name, value in values.items():
            self.tab.locator(f"#{name}").fill(str(value))

    def place(self, name: str) -> float:
        return float(self.tab.input_value(f"#{name}"))

    def stick(self, across: float, down: float) -> None:
        self.tab.evaluate(f"device.controllers.right.updateAxes('thumbstick', {across}, {down})")

    def hold(self, button: str, value: int = 1) -> None:
        self.tab.evaluate(f"device.controllers.right.updateButtonValue('{button}', {value})")
        self.frames()

    def press(self, button: str) -> None:
        self.hold(button)
        self.hold(button, 0)

    def turn(self, what: str, degrees: float) -> None:
        """`device` or `device.controllers.right`, to the left."""
        half = np.radians(degrees) / 2
        self.tab.evaluate(f"{what}.quaternion.set(0, {np.sin(half)}, 0, {np.cos(half)})")
        self.frames()

    def frames(self, count: int = 4) -> None:
        """So many have been drawn."""
        self.tab.evaluate(
            f"new Promise(done => {{ let left = {count};"
            "const next = () => --left ? device.activeSession.requestAnimationFrame(next) : done();"
            "device.activeSession.requestAnimationFrame(next); })"
        )

    def eyes(self) -> Eyes:
        """What each eye sees. A first screenshot may show what was there before the frames that were drawn
        last; one after it does not."""
        self.frames()
        self.tab.screenshot(timeout=WATCHDOG * 1000)
        both = decoded(self.tab.screenshot(timeout=WATCHDOG * 1000))
        return Eyes(both[:, :SIDE], both[:, SIDE:])

    def until_seen(self, views: Eyes, what: str) -> None:
        """Each eye sees its own of these views, and not the other's."""
        until(lambda: self.sees(views), f"each eye sees its view: {what}")

    def sees(self, views: Eyes) -> bool:
        seen = self.eyes()
        return all(
            likeness(eye, own) > 0.97 and likeness(eye, own) > likeness(eye, other) + 0.005
            for eye, own, other in ((seen.left, *views), (seen.right, *reversed(views)))
        )


def likeness(eye: Picture, view: Picture) -> float:
    """How much what an eye sees of a flat screen, as wide as it is away, is this 16:9 view; 1.0 is all. The
    upper part, with the frame's number, does not count."""
    width = round(WIDE * SIDE)
    seen = cv2.resize(view, (width, width * 9 // 16), interpolation=cv2.INTER_AREA)
    middle = seen[seen.shape[0] // 8 : -4, 16:-16]
    return float(cv2.matchTemplate(eye, middle, cv2.TM_CCOEFF_NORMED).max())


def screen_in(eye: Picture) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what is brighter than the dark room."""
    rows, columns = np.nonzero(eye.max(axis=2) > 110)
    return int(columns.min()), int(rows.min()), int(columns.max()), int(rows.max())
