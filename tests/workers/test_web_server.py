"""The web sink's server on a real port, with a real client."""

import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from tests.live.client import Client
from tests.live.program import free_port
from workers.sinks._web.audience import Picture
from workers.sinks._web.server import Places, Server


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server(Places(free_port(), lan=False), 8, looking=lambda rings: None, again=lambda: None)
    made.open()
    yield made
    made.close()


def test_a_frame_that_was_under_way_when_its_source_went_is_stale_too(server: Server) -> None:
    server.show(Picture(b"one", 1, 10))
    with Client.watching(server._places.port) as client:
        server.mark_stale(True)
        client.until(lambda: client.last.stale, "what is shown is stale")
        server.show(Picture(b"two", 2, 20))
        client.until(lambda: client.last.seq == 2, "the late frame is shown")
        assert client.last.stale
        server.mark_stale(False)
        client.until(lambda: not client.last.stale, "the mark goes")


def test_a_library_that_is_not_here_is_named_with_what_gets_it(server: Server) -> None:
    address = f"http://127.0.0.1:{server._places.port}/vendor/nothing/nothing.js"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(address, timeout=30)
    assert refused.value.code == 404
    assert "python scripts/vendor.py" in refused.value.read().decode()
