"""The web sink's server on a real port, with a real client."""

import gc
import json
import logging
import os
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, nullcontext, suppress
from multiprocessing.connection import Connection, Listener
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from pipeline.house import LauncherHouse
from scripts.soaking.fuzz_inputs import OFFER
from tests.live.client import Client
from tests.live.program import free_port
from tests.pipeline.running import until
from workers.audio import Settings as Audio
from workers.encode import Settings as Encoding
from workers.sinks._audience import NotAdmitted
from workers.sinks._clients import PACKETS, Picture
from workers.sinks._web import bodies, poses, whep
from workers.sinks._web.server import Places, Server
from workers.sinks.web import Settings, Web
from workers.worker import Host


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server(Places(free_port(), lan=False), 8, looking=lambda rings: None, again=lambda: None)
    made.open()
    yield made
    made.close()


def test_nobody_looks_is_said_before_somebody_can_be_there() -> None:
    """Or it would be said after who has waited for the server was noted, and he would see nothing."""
    port = free_port()
    told: list[tuple[str, bool]] = []

    def tell(kind: str, **what: object) -> None:
        with socket.socket() as probe:
            told.append((kind, probe.connect_ex(("127.0.0.1", port)) == 0))

    host = Host(lambda what, limit: nullcontext(), tell, 1)
    settings = SimpleNamespace(web=Settings(port=port), audio=Audio(), encode=Encoding())
    sink = Web(settings, host)
    sink.open()
    sink.close()
    assert told[0] == ("looking", False)


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


def asked_for_poses(file: bytes, **headers: str) -> tuple[int, str]:
    """What a server answers in whose house is no pose worker."""
    house = LauncherHouse(os.getpid())
    server = Server(Places(free_port(), lan=False), 8, lambda rings: None, lambda: None, house)
    server.open()
    try:
        address = f"http://127.0.0.1:{server._places.port}/pose"
        request = urllib.request.Request(address, file, {"X-Stereoring": "1"} | headers)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=30)
        return refused.value.code, refused.value.read().decode()
    finally:
        server.close()


def test_where_nobody_finds_poses_that_is_said() -> None:
    status, text = asked_for_poses(b"a picture")
    assert status == 503
    assert "--profile pose" in json.loads(text)["error"]


@pytest.mark.parametrize("kind", ["image/png", "multipart/form-data; boundary=x"])
def test_a_picture_that_is_packed_wrongly_is_said_and_fills_no_log(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    headers = {"Content-Type": kind, "Content-Encoding": "gzip"}
    status, text = asked_for_poses(b"this was never packed", **headers)
    assert status == 400
    assert "is not packed as the request says" in json.loads(text)["error"]
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


FORM = b"--x\r\n%s\r\n\r\nabc\r\n--x--\r\n"


@pytest.mark.parametrize(
    "head", [b"no colon", b"\xff: a", b"A: b\r\n" * 5000, b"A" * 100_000], ids=lambda head: head[:5]
)
def test_a_form_with_heads_that_are_none_is_refused(head: bytes, caplog: pytest.LogCaptureFixture) -> None:
    status, text = asked_for_poses(FORM % head, **{"Content-Type": "multipart/form-data; boundary=x"})
    assert status == 400
    assert "this is no form" in json.loads(text)["error"]
    assert not caplog.records


class Desk:
    """In place of who finds poses: takes every picture and has no answer until `answers`."""

    def __init__(self, address: str) -> None:
        self._listener, self.answers = Listener(address, backlog=64), threading.Event()
        self.asked = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self.answers.set()
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=self._serve, args=(self._listener.accept(),), daemon=True).start()

    def _serve(self, connection: Connection) -> None:
        with suppress(EOFError), connection:
            connection.recv_bytes()
            connection.recv_bytes()
            self.asked += 1
            self.answers.wait()
            connection.send_bytes(b'{"status": 200, "type": "application/json"}')
            connection.send_bytes(b"{}")


class Posing:
    """A server beside a desk, and who asks it."""

    def __init__(self) -> None:
        house = LauncherHouse(os.getpid())
        self.desk = Desk(house.meeting_place("pose"))
        self._port = free_port()
        self._server = Server(Places(self._port, lan=False), 8, lambda rings: None, lambda: None, house)
        self._server.open()

    def close(self) -> None:
        self.desk.close()
        self._server.close()

    def begun(self, head: str, body: bytes = b"", query: str = "") -> socket.socket:
        """A request with this body, and no more than that is sent."""
        end = socket.create_connection(("127.0.0.1", self._port), 60)
        end.sendall(
            f"POST /pose{query} HTTP/1.0\r\nHost: 127.0.0.1\r\nX-Stereoring: 1\r\n{head}\r\n\r\n".encode()
            + body
        )
        return end

    def there(self) -> bool:
        with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/pose/there", timeout=60) as answer:
            return bool(json.load(answer))


@pytest.fixture
def posing() -> Iterator[Posing]:
    with closing(Posing()) as made:
        yield made


def told(end: socket.socket) -> tuple[int, str]:
    """Status and error."""
    with end, end.makefile("rb") as answer:
        status = int(answer.readline().split()[1])
        while answer.readline().strip():
            pass
        return status, json.loads(answer.read(4096)).get("error", "")


def test_more_pictures_than_can_wait_are_refused_and_the_others_answered(posing: Posing) -> None:
    waiting = [posing.begun("Content-Length: 3", b"abc") for _ in range(poses.MOST_AT_ONCE)]
    until(lambda: posing.desk.asked == poses.MOST_AT_ONCE, "all of them are asked for")
    for _ in range(3):
        status, why = told(posing.begun("Content-Length: 3", b"abc"))
        assert status == 429
        assert "try again in a moment" in why
    assert posing.there(), "who only asks whether there is somebody need not wait"
    posing.desk.answers.set()
    assert [told(end)[0] for end in waiting] == [200] * poses.MOST_AT_ONCE
    assert told(posing.begun("Content-Length: 3", b"abc"))[0] == 200


@pytest.mark.parametrize("kind", ["image/png", "multipart/form-data; boundary=x"])
def test_a_picture_that_never_comes_is_not_waited_for(
    posing: Posing, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(bodies, "SENT_WITHIN", 0.5)
    head = f"Content-Length: 300\r\nContent-Type: {kind}"
    waiting = [posing.begun(head, b"--x\r\nA: b\r\n") for _ in range(poses.MOST_AT_ONCE)]
    for end in waiting:
        status, why = told(end)
        assert status == 408
        assert "has not come within 0.5 s" in why
    posing.desk.answers.set()
    assert told(posing.begun("Content-Length: 3", b"abc"))[0] == 200


def test_a_picture_that_is_too_large_is_refused_before_it_comes(posing: Posing) -> None:
    assert told(posing.begun(f"Content-Length: {1 << 40}")) == (413, "more than 32 MB")


def test_a_number_of_people_that_never_ends_is_refused(posing: Posing) -> None:
    status, why = told(posing.begun("Content-Length: 3", b"abc", "?people=" + "0" * 5000))
    assert (status, why) == (400, "people must be a number from 1 to 8")


def offer_to(server: Server, without: str) -> urllib.request.Request:
    """One for /whep, less the lines that begin so."""
    lines = [line for line in OFFER.split("\r\n") if not line.startswith(without)]
    headers = {"X-Stereoring": "1", "Content-Type": "application/sdp"}
    address = f"http://127.0.0.1:{server._places.port}/whep"
    return urllib.request.Request(address, "\r\n".join(lines).encode(), headers)


@pytest.mark.parametrize("without", ["nothing", "a=candidate"])
def test_who_offers_and_never_connects_holds_no_socket(
    server: Server, monkeypatch: pytest.MonkeyPatch, without: str
) -> None:
    monkeypatch.setattr(whep, "CONNECTS_WITHIN", 0.5)
    whep._aiortc()  # which opens what it needs for itself
    request = offer_to(server, without)
    before = psutil.Process().num_fds()
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 201
    end = time.monotonic() + 30
    while psutil.Process().num_fds() > before:
        assert time.monotonic() < end, "its sockets are still open"
        time.sleep(0.05)


def connections() -> list[Any]:
    kind = whep._aiortc().RTCPeerConnection
    return [each for each in gc.get_objects() if isinstance(each, kind)]


@pytest.mark.parametrize("held", [0.0, 1.5], ids=["at once", "held for a while"])
def test_what_a_session_was_made_of_goes_while_others_look(
    held: float, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whep, "CONNECTS_WITHIN", 0.5)
    monkeypatch.setattr(whep, "CLEARS_UP", 0.5)
    whep._aiortc()
    others = connections()  # of tests before this one, whose loops have ended
    server.show(Picture(b"one", 1, 10))
    with Client.watching(server._places.port) as client:
        client.until(lambda: client.last.seq == 1, "somebody looks")
        with urllib.request.urlopen(offer_to(server, without="nothing"), timeout=30) as answer:
            assert answer.status == 201
        gc.disable()  # nobody else clears it up
        try:
            mine = connections()
            time.sleep(held)
            del mine
            end = time.monotonic() + 30
            while any(all(each is not other for other in others) for each in connections()):
                assert time.monotonic() < end, "the connection is still there"
                time.sleep(0.05)
        finally:
            gc.enable()


def test_an_offer_without_a_fingerprint_is_refused(server: Server) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(offer_to(server, without="a=fingerprint"), timeout=30)
    assert refused.value.code == 400
    assert "a=fingerprint" in refused.value.read().decode()


def offered_in_pieces(server: Server, offer: bytes) -> bytes:
    """The answer to an offer whose second half comes late."""
    head = (
        f"POST /whep HTTP/1.0\r\nHost: 127.0.0.1\r\nX-Stereoring: 1\r\nContent-Type: application/sdp\r\n"
        f"Content-Length: {len(offer)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server._places.port), 30) as end:
        for piece in (head.encode(), offer[: len(offer) // 2], offer[len(offer) // 2 :]):
            end.sendall(piece)
            time.sleep(0.1)
        return b"".join(iter(lambda: end.recv(4096), b""))


def test_an_offer_that_comes_in_pieces_is_read_whole(server: Server) -> None:
    answer = offered_in_pieces(server, OFFER.encode())
    assert answer.startswith(b"HTTP/1.0 201 "), answer
    assert b"\r\nm=video" in answer


def test_an_offer_that_is_too_long_is_refused(server: Server) -> None:
    answer = offered_in_pieces(server, OFFER.encode() + b"a=x\r\n" * 20_000)
    assert answer.startswith(b"HTTP/1.0 413 "), answer
    assert b"at most 64 kB" in answer


@pytest.mark.parametrize("path", ["/", "/nowhere"])
def test_an_expectation_that_is_no_text_is_refused(
    server: Server, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    with socket.create_connection(("127.0.0.1", server._places.port), 30) as end:
        end.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: \xff\r\n\r\n".encode("latin-1"))
        assert end.recv(100).startswith(b"HTTP/1.1 417 ")
    assert not caplog.records


def test_video_that_browsers_cannot_play_is_refused_with_the_reason() -> None:
    settings = SimpleNamespace(web=Settings(port=free_port()), audio=Audio(), encode=Encoding(codec="hevc"))
    assert PACKETS not in Web.wiring(settings).inputs
    sink = Web(settings, Host(lambda what, limit: nullcontext(), lambda kind, **what: None, 1))
    sink.open()
    try:
        with pytest.raises(NotAdmitted, match=r"The video is hevc; browsers get H\.264 \(encode\.codec\)"):
            sink._server._audience.enter("video", PACKETS)
    finally:
        sink.close()
