"""The pages in a real browser with a server alone, which shows what the test gives it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import simplejpeg

from tests.live.browser import WATCH, Browser
from tests.live.needs import needs
from tests.live.program import free_port
from tests.live.test_messages import own_address
from tests.pipeline.running import until
from tests.workers.coded import Coder
from workers.sinks._clients import Picture
from workers.sinks._web.certificate import own_context
from workers.sinks._web.server import Places, Server
from workers.sinks._web.tokens import control_token, view_token

pytestmark = needs("chromium")
NOISE = np.random.default_rng(1).integers(0, 256, (360, 640, 3), np.uint8)
NO_H264 = """
    MediaSource.isTypeSupported = kind => !kind.includes("avc1");
    const configure = VideoDecoder.prototype.configure;
    VideoDecoder.prototype.configure = function (how) {
      configure.call(this, {...how, codec: "avc1.ff0000"});
    };
    const offer = RTCPeerConnection.prototype.createOffer;
    RTCPeerConnection.prototype.createOffer = async function () {
      const {type, sdp} = await offer.call(this);
      return {type, sdp: sdp.replaceAll(" H264/", " H2640/")};
    };
"""
DECODERS = """
    window.decoders = [];
    const Made = VideoDecoder;
    window.VideoDecoder = class extends Made { constructor(how) { super(how); decoders.push(this); } };
"""
NOT_H264 = """
    const data = new Uint8Array(999).fill(255);
    decoders.at(-1).decode(new EncodedVideoChunk({type: "key", timestamp: 0, data}));
"""
JPEG = simplejpeg.encode_jpeg(NOISE, quality=95)  # so large that it comes in pieces


@pytest.fixture(scope="module")
def places(private_folders: object) -> Places:
    return Places(free_port(), True, free_port(), own_context())


@contextmanager
def showing(server: Server) -> Iterator[None]:
    """A picture ten times a second."""
    ended = threading.Event()

    def show() -> None:
        seq = 0
        while not ended.wait(0.1):
            seq += 1
            server.show(Picture(JPEG, seq, time.perf_counter_ns()))

    thread = threading.Thread(target=show)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def cut(server: Server, way: str) -> None:
    """All connections, in the server's thread."""
    assert server._runner.server is not None
    for each in server._runner.server.connections:
        getattr(each.transport, way)()


@pytest.fixture
def server(places: Places) -> Iterator[Server]:
    coder = Coder()
    made = Server(places, 8, coder.looking, coder.again)
    made.open()
    with showing(made), coder.feeding(made.show):
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


def test_the_mjpeg_page_shows_whole_pictures_with_figures_and_ends(
    browser: Browser, server: Server, places: Places
) -> None:
    with browser.page(places.port, "#mjpeg") as page:
        page.until_new()
        assert np.abs(page.canvas().astype(int) - simplejpeg.decode_jpeg(JPEG)).mean() < 2
        page.tab.keyboard.press("f")
        page.until("/^[1-9][0-9]* fps +640 × 360$/.test(figures.textContent)")
        page.tab.select_option("#transport", "jpeg")
        until(lambda: [one.kind for one in server._audience._clients] == ["websocket"], "the other way")
        page.until("!note.textContent")
        assert page.problems == []


PHONE = {"has_touch": True, "is_mobile": True, "viewport": {"width": 390, "height": 844}, "locale": "en"}
IS_AWAY = "bar.classList.contains('away')"
IS_FULL = "document.fullscreenElement !== null"


def middle(tab: Any, thing: str) -> list[float]:
    return list(
        tab.evaluate(f"(it => [it.x + it.width / 2, it.y + it.height / 2])({thing}.getBoundingClientRect())")
    )


def test_a_tap_brings_the_bar_and_the_next_goes_full_screen(
    browser: Browser, server: Server, places: Places
) -> None:
    with browser.tab(**PHONE) as tab:
        tab.goto(f"http://127.0.0.1:{places.port}/#jpeg")
        full = middle(tab, "full")
        for tapped in ([200, 150], full):
            until(lambda: tab.evaluate(IS_AWAY), "the bar goes")
            tab.touchscreen.tap(*tapped)
            until(lambda: not tab.evaluate(IS_AWAY), "the bar comes")
            until(lambda: not tab.evaluate("bar.inert"), "it can be touched")
            assert not tab.evaluate(IS_FULL), "nobody has touched what he could not see"
        tab.touchscreen.tap(*full)
        until(lambda: tab.evaluate(IS_FULL), "it is full screen")


def test_where_only_video_can_be_full_screen_it_is_or_that_is_said(
    browser: Browser, server: Server, places: Places
) -> None:
    """As on an iPhone."""
    script = """
        delete Element.prototype.requestFullscreen;
        HTMLVideoElement.prototype.webkitEnterFullscreen = () => { window.entered = true; };
    """
    with browser.tab(script, **PHONE) as tab:
        tab.goto(f"http://127.0.0.1:{places.port}/#jpeg")
        tab.tap("#full")
        until(lambda: "choose MP4 or WebRTC" in tab.inner_text("#note"), "it is said")
        tab.select_option("#transport", "mse")
        tab.tap("#full")
        until(lambda: tab.evaluate("window.entered"), "the video is full screen")


@pytest.mark.parametrize("way", ["abort", "close"])  # as for who is too slow, and as at the server's end
def test_the_mjpeg_page_says_a_loss_and_comes_back(
    browser: Browser, server: Server, places: Places, way: str
) -> None:
    with browser.page(places.port, "#mjpeg") as page:
        page.until_new()
        page.until("!note.textContent")
        server.call(cut, server, way)
        page.until_said("no connection")
        page.until_new()
        page.until("!note.textContent")
        assert page.problems == []
        assert not page.was_reloaded


@pytest.mark.parametrize("way", ["", "#h264", "#mse", "#webrtc"])
def test_a_browser_without_h264_gets_pictures_and_is_told_why(
    browser: Browser, server: Server, places: Places, way: str
) -> None:
    with browser.tab(NO_H264, ignore_https_errors=True, locale="en") as tab:
        tab.goto(f"https://127.0.0.1:{places.https_port}/{way}")
        tab.evaluate(WATCH)
        until(lambda: tab.evaluate("Number(document.body.dataset.seq || 0) > 3"), "pictures come")
        assert tab.evaluate("transport.value") == "jpeg"
        why = "this browser cannot decode the video; taking JPEG pictures instead"
        until(lambda: tab.inner_text("#note") == why, "it says why")
        server.call(cut, server, "close")
        until(lambda: f"{why} · no connection; trying again …" in tab.evaluate("said"), "it says a loss too")
        until(lambda: tab.inner_text("#note") == why, "they come again")


NO_UDP = """
    const ask = window.fetch;
    const without = text => text.replace(/a=candidate.*\\r\\n/g, "");
    window.fetch = async (place, how) => {
      if (place !== "whep") return ask(place, how);
      const answer = await ask(place, {...how, body: without(how.body)});
      return new Response(without(await answer.text()), {status: answer.status, headers: answer.headers});
    };
"""


def test_where_webrtc_cannot_connect_page_and_log_say_why(
    browser: Browser, server: Server, places: Places, caplog: pytest.LogCaptureFixture
) -> None:
    with browser.tab(NO_UDP, locale="en") as tab:
        tab.goto(f"http://127.0.0.1:{places.port}/#webrtc")
        until(lambda: tab.inner_text("#note").startswith("WebRTC cannot connect: no UDP"), "it says why")
        until(lambda: [one for one in caplog.messages if "127.0.0.1 has not connected" in one], "the log too")


def test_what_is_refused_of_webrtc_is_said(browser: Browser, server: Server, places: Places) -> None:
    with browser.tab(locale="en") as tab:
        tab.route(
            "**/whep", lambda route: route.fulfill(status=400, body="This offer cannot be answered: why")
        )
        tab.goto(f"http://127.0.0.1:{places.port}/#webrtc")
        said = "no WebRTC; trying again … · This offer cannot be answered: why"
        until(lambda: tab.inner_text("#note") == said, "it says why")


@pytest.mark.parametrize("page", ["#h264", "#mse", "#webrtc", "xr"])
def test_where_the_video_is_none_for_browsers_pictures_come_and_that_is_said(
    browser: Browser, places: Places, page: str
) -> None:
    said = "the video (encode.codec) is none that browsers get; taking JPEG pictures instead"
    server = Server(places, 8, lambda rings: None, lambda: None, no_video="The video is hevc.")
    server.open()
    try:
        with showing(server), browser.tab(locale="en", ignore_https_errors=True) as tab:
            tab.goto(f"https://127.0.0.1:{places.https_port}/{page}")
            until(lambda: tab.evaluate("Number(document.body.dataset.seq || 0) > 3"), "pictures come")
            until(lambda: tab.inner_text("#why" if page == "xr" else "#note") == said, "it says why")
            kinds = [one.kind for one in server._audience._clients]
            assert kinds == ["websocket"]
    finally:
        server.close()


@pytest.mark.parametrize("page", ["", "xr"])
def test_a_browser_that_decodes_nothing_by_itself_gets_pictures_and_is_told_why(
    browser: Browser, server: Server, places: Places, page: str
) -> None:
    with browser.tab("delete window.VideoDecoder;", locale="en", ignore_https_errors=True) as tab:
        tab.goto(f"https://127.0.0.1:{places.https_port}/{page}")
        until(lambda: tab.evaluate("Number(document.body.dataset.seq || 0) > 3"), "pictures come")
        until(
            lambda: "taking JPEG pictures instead" in tab.inner_text("#why" if page else "#note"),
            "why is said",
        )


def test_a_decoder_that_fails_after_it_has_shown_something_is_replaced(
    browser: Browser, server: Server, places: Places
) -> None:
    with browser.tab(DECODERS, locale="en") as tab:
        tab.goto(f"http://127.0.0.1:{places.port}/#h264")
        until(lambda: tab.evaluate("Number(document.body.dataset.seq || 0) > 3"), "pictures come")
        tab.evaluate(WATCH)
        tab.evaluate(NOT_H264)
        until(lambda: tab.evaluate("decoders.length > 1"), "there is another one")
        seq = tab.evaluate("Number(document.body.dataset.seq)")
        until(lambda: tab.evaluate(f"Number(document.body.dataset.seq) > {seq} + 3"), "pictures come again")
        assert tab.evaluate("transport.value") == "h264"
        until(lambda: tab.inner_text("#note") == "", "all is well")
