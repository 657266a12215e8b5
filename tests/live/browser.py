"""A real browser that looks at the program's page."""

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from tests.live.needs import CHROMIUM
from tests.live.picture import is_in_stereo
from tests.pipeline.running import WATCHDOG, until
from workers.sinks._web.tokens import control_token

WATCH = """
    window.mark = 'the page that was loaded first';
    window.said = [];
    new MutationObserver(() => said.push(note.textContent)).observe(note, {childList: true});
"""


class Page:
    """A tab with the live page; `tab` is playwright's."""

    def __init__(self, tab: Any, port: int, path: str) -> None:
        self.tab = tab
        self.problems: list[str] = []
        tab.on("pageerror", lambda error: self.problems.append(str(error)))
        tab.goto(f"http://127.0.0.1:{port}/{path}")
        tab.evaluate(WATCH)

    @property
    def was_reloaded(self) -> bool:
        return self.tab.evaluate("window.mark") is None

    @property
    def seq(self) -> int:
        return int(self.tab.evaluate("document.body.dataset.seq || -1"))

    def until_said(self, start: str) -> None:
        """The page has said something over the picture, if only for a moment."""
        self.until(f"said.some(text => text.startsWith('{start}'))")

    def until(self, script: str) -> None:
        """Until this is true in the page. (Asked again and again: the page lets nobody's `eval` run in it,
        which playwright's own waiting needs.)"""
        until(lambda: self.tab.evaluate(script), script)

    def until_new(self, count: int = 5) -> None:
        self.until(f"Number(document.body.dataset.seq || -1) >= {self.seq + count}")

    def canvas(self) -> npt.NDArray[np.uint8]:
        """The picture itself, uint8[H, W, 3], RGB."""
        url = self.tab.evaluate("document.querySelector('canvas').toDataURL('image/png')")
        return decoded(base64.b64decode(url.partition(",")[2]))

    def until_in_stereo(self, look: Callable[[], npt.NDArray[np.uint8]]) -> npt.NDArray[np.uint8]:
        """What `look` (the canvas, a screenshot) then shows. On a machine without time to spare a network
        that is long about a map counts as one that hangs, and the picture is flat meanwhile."""
        shown: list[npt.NDArray[np.uint8]] = []

        def holds() -> bool:
            shown.append(look())
            try:
                return is_in_stereo(shown[-1])
            except AssertionError:
                return False

        until(holds, "the page shows both eyes")
        return shown[-1]

    def screenshot(self) -> npt.NDArray[np.uint8]:
        """What the user sees, uint8[H, W, 3], RGB."""
        return decoded(self.tab.screenshot(timeout=WATCHDOG * 1000))


class Browser:
    """`with Browser.started() as browser, browser.page(port) as page: …`"""

    def __init__(self, chromium: Any) -> None:
        self._chromium = chromium

    @classmethod
    @contextmanager
    def started(cls) -> Iterator["Browser"]:
        from playwright.sync_api import sync_playwright  # the tests that skip do without it

        with sync_playwright() as playwright:
            arguments = ["--no-sandbox", "--enable-unsafe-swiftshader"]  # WebGL without a GPU
            chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
            try:
                yield cls(chromium)
            finally:
                chromium.close()

    @contextmanager
    def page(self, port: int, path: str = "", locale: str = "en") -> Iterator[Page]:
        tab = self._chromium.new_page(viewport={"width": 1280, "height": 720}, locale=locale)
        try:
            yield Page(tab, port, path)
        finally:
            tab.close()

    @contextmanager
    def tab(self, script: str = "", **options: Any) -> Iterator[Any]:
        """An empty tab of playwright's, with storage of its own; every page in it begins with `script`."""
        context = self._chromium.new_context(**options)
        try:
            context.add_init_script(script)
            yield context.new_page()
        finally:
            context.close()

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
