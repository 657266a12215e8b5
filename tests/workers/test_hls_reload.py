"""Players of HLS that come back: asked of a real server, with video from the real encoder."""

import http.client
import re
from collections.abc import Iterator

import pytest

from tests.live.program import environment, free_port
from tests.pipeline.running import until
from tests.workers.coded import Coder
from workers.sinks._web import hls
from workers.sinks._web.server import Places, Server
from workers.sinks._web.tokens import view_token


@pytest.fixture
def coder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Coder]:
    with environment(XDG_CONFIG_HOME=str(tmp_path_factory.mktemp("config"))):
        yield Coder()


@pytest.fixture
def port(coder: Coder) -> Iterator[int]:
    port = free_port()
    server = Server(Places(port, lan=False, hls=True), 8, coder.looking, coder.again)
    server.open()
    with coder.feeding(server.show):
        yield port
    server.close()


def asked(port: int, query: str = "") -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", f"/hls/{view_token()}/live.m3u8{query}")
    reply = connection.getresponse()
    status, text = reply.status, reply.read().decode()
    connection.close()
    return status, text


def under_way(listed: str) -> int:
    """The number of the segment that is being made."""
    return int(re.findall(r'PRELOAD-HINT:TYPE=PART,URI="part(\d+)', listed)[0])


def test_a_player_that_paused_gets_what_comes_next(
    port: int, coder: Coder, monkeypatch: pytest.MonkeyPatch
) -> None:
    until(lambda: under_way(asked(port)[1]) >= 3, "there are some segments")
    owed = under_way(asked(port)[1])
    with monkeypatch.context() as patch:
        patch.setattr(hls, "NOBODY", 0.5)
        until(lambda: coder.stops > 0, "nobody looks any more")
    for _ in range(3):
        status, listed = asked(port, f"?_HLS_msn={owed}")
        assert status == 200, listed
        owed = under_way(listed)
    assert asked(port, f"?_HLS_msn={owed + 99}")[0] == 400
