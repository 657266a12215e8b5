"""HLS as players see it whose pictures come unevenly: hls.js in chromium, and the list beside its files."""

import io
import random
import re
import urllib.request
from collections.abc import Iterator
from itertools import pairwise

import av
import pytest

from scripts.stream_paths import hls_player
from tests.live.browser import Browser
from tests.live.needs import needs
from tests.live.program import free_port
from tests.pipeline.running import REPO, until
from tests.workers.coded import Coder
from workers.sinks._web.server import Places, Server
from workers.sinks._web.tokens import view_token

HLS_JS = REPO / "workers" / "sinks" / "_web" / "vendor" / "hls.js" / "hls.min.js"
pytestmark = [
    needs("chromium"),
    pytest.mark.skipif(not HLS_JS.exists(), reason="`python scripts/vendor.py test` has not got hls.js"),
]
ENOUGH = 200  # pictures
SHOWN = "video.getVideoPlaybackQuality().totalVideoFrames"


def pauses() -> Iterator[float]:
    """5 to 40 pictures a second, and now and then a screen that stands still for a moment."""
    rng = random.Random(1)
    while True:
        yield rng.uniform(0.3, 0.6) if rng.random() < 0.03 else rng.uniform(1 / 40, 1 / 5)


@pytest.fixture(scope="module")
def coder(private_folders: object) -> Coder:
    return Coder(pauses())


@pytest.fixture(scope="module")
def url(coder: Coder) -> Iterator[str]:
    port = free_port()
    server = Server(Places(port, lan=False, hls=True), 8, coder.looking, coder.again)
    server.open()
    with coder.feeding(server.show):
        yield f"http://127.0.0.1:{port}/hls/{view_token()}/"
    server.close()


def got(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return bytes(answer.read())


def times(url: str, beginning: str, segment: str) -> list[tuple[int, int]]:
    """When each picture of a segment is shown and for how long, µs."""
    with av.open(io.BytesIO(got(url + beginning) + got(url + segment))) as container:
        packets = [one for one in container.demux(video=0) if one.pts is not None]
    return [
        (int(one.pts * one.time_base * 1_000_000), int(one.duration * one.time_base * 1_000_000))
        for one in packets
    ]


def test_the_list_says_how_long_each_segment_is_and_between_pictures_is_no_gap(url: str) -> None:
    until(lambda: got(url + "live.m3u8").count(b"EXTINF") >= 5, "there are some segments")
    listed = got(url + "live.m3u8").decode()
    said = re.findall(r"#EXTINF:([\d.]+),\n(segment\d+.mp4)", listed)
    beginning = re.findall(r'MAP:URI="(init\d+.mp4)"', listed)[-1]
    shown = [times(url, beginning, name) for _, name in said[-4:]]
    for (seconds, _), pictures in zip(said[-4:], shown, strict=True):
        assert float(seconds) == pytest.approx(sum(lasts for _, lasts in pictures) / 1e6, abs=1e-4)
    pictures = [one for segment in shown for one in segment]
    for (time, lasts), (following, _) in pairwise(pictures):
        assert time + lasts == pytest.approx(following, abs=2)


def test_a_player_shows_them_all(url: str, coder: Coder, browser: Browser) -> None:
    with browser.tab() as tab:
        tab.goto(url.partition("/hls/")[0] + "/hello")
        tab.evaluate(hls_player.PLAY, url + "live.m3u8")
        until(lambda: tab.evaluate("video.currentTime > 2"), "it plays")
        shown, made = tab.evaluate(SHOWN), coder.pictures
        until(lambda: coder.pictures >= made + ENOUGH, "so many have been made", 300)
        assert tab.evaluate(SHOWN) - shown > 0.8 * ENOUGH
        assert tab.evaluate("video.buffered.length") == 1
