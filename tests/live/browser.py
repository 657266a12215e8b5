"""A real browser that looks at the program's page."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from tests.live.needs import CHROMIUM
from tests.pipeline.running import WATCHDOG
from workers.sinks._web.gate import control_token

WATCH = """
    window.mark = 'the page that was loaded first';
    window.said = [];
    new MutationObserver(() => said.push(note.textContent)).observe(note, {childList: true});
"""


class Page:
    """A tab with the live page."""

    def __init__(self, tab: Any, port: int) -> None:
        self._tab = tab
        tab.goto(f"http://127.0.0.1:{port}/")
        tab.evaluate(WATCH)

    @property
    def was_reloaded(self) -> bool:
        return self._tab.evaluate("window.mark") is None

    @property
    def seq(self) -> int:
        return int(self._tab.evaluate("document.body.dataset.seq || -1"))

    def until_said(self, start: str) -> None:
        """The page has said something over the picture, if only for a moment."""
        self.until(f"said.some(text => text.startsWith('{start}'))")

    def until(self, script: str) -> None:
        """Until this is true in the page."""
        self._tab.wait_for_function(script, timeout=WATCHDOG * 1000)

    def until_new(self, count: int = 5) -> None:
        self.until(f"Number(document.body.dataset.seq || -1) >= {self.seq + count}")

    def canvas(self) -> npt.NDArray[np.uint8]:
        """The picture itself, uint8[H, W, 3], RGB."""
        url = self._tab.evaluate("document.querySelector('canvas').toDataURL('image/png')")
        return decoded(base64.b64decode(url.partition(",")[2]))

    def screenshot(self) -> npt.NDArray[np.uint8]:
        """What the user sees, uint8[H, W, 3], RGB."""
        return decoded(self._tab.screenshot(timeout=WATCHDOG * 1000))


class Browser:
    """`with Browser.started() as browser, browser.page(port) as page: …`"""

    def __init__(self, chromium: Any) -> None:
        self._chromium = chromium

    @classmethod
    @contextmanager
    def started(cls) -> Iterator["Browser"]:
        from playwright.sync_api import sync_playwright  # the tests that skip do without it

        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            try:
                yield cls(chromium)
            finally:
                chromium.close()

    @contextmanager
    def page(self, port: int) -> Iterator[Page]:
        tab = self._chromium.new_page(viewport={"width": 1280, "height": 720})
        try:
            yield Page(tab, port)
        finally:
            tab.close()

    @contextmanager
    def panel(self, port: int, width: int = 1280, height: int = 800, **more: Any) -> Iterator[Any]:
        """A tab with the control panel, which is what playwright calls a page; `more` as for its context."""
        context = self._chromium.new_context(viewport={"width": width, "height": height}, **more)
        try:
            tab = context.new_page()
            tab.goto(f"http://127.0.0.1:{port}/panel?token={control_token()}")
            yield tab
        finally:
            context.close()


def decoded(data: bytes) -> npt.NDArray[np.uint8]:
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    return np.ascontiguousarray(pixels[..., ::-1])  # type: ignore[index]
