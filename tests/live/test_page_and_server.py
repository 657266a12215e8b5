"""The pages in a real browser with a server alone, which shows what the test gives it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import simplejpeg

from tests.live.browser import Browser
from tests.live.needs import needs
from tests.live.program import free_port
from tests.live.test_messages import own_address
from tests.pipeline.running import until
from workers.sinks._clients import Picture
from workers.sinks._web.certificate import own_context
from workers.sinks._web.server import Places, Server
from workers.sinks._web.tokens import control_token, view_token

pytestmark = needs("chromium")


@pytest.fixture(scope="module")
def places(private_folders: object) -> Places:
    return Places(free_port(), True, free_port(), own_context())


@contextmanager
def showing(server: Server) -> Iterator[None]:
    """A new picture ten times a second."""
    ended = threading.Event()

    def show() -> None:
        seq = 0
        while not ended.wait(0.1):
            seq += 1
            jpeg = simplejpeg.encode_jpeg(np.full((90, 160, 3), seq % 250, np.uint8))
            server.show(Picture(jpeg, seq, time.perf_counter_ns()))

    thread = threading.Thread(target=show)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@pytest.fixture
def server(places: Places) -> Iterator[Server]:
    made = Server(places, 8, looking=lambda rings: None, again=lambda: None)
    made.open()
    with showing(made):
        yield made
    made.close()


@pytest.mark.parametrize("token", [view_token, control_token])
def test_who_has_seen_the_secure_page_still_sees_the_plain_one(
    browser: Browser, server: Server, places: Places, token: Callable[[], str]
) -> None:
    plain, secure = f"http://{own_address()}:{places.port}/", f"https://{own_address()}:{places.https_port}/"
    with browser.tab(ignore_https_errors=True) as tab:
        for address in (f"{plain}?token={token()}", f"{secure}?token={token()}", plain, secure):
            assert tab.goto(f"{address}#jpeg").status == 200, address
            until(lambda: tab.evaluate("Number(document.body.dataset.seq || 0) > 3"), "pictures come")
