"""Connections without a word, by http and https: they keep nobody out, and go."""

import http.client
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from tests.live.program import environment, free_port
from tests.pipeline.running import until
from workers.sinks._clients import Picture
from workers.sinks._web import doors
from workers.sinks._web.certificate import own_context
from workers.sinks._web.server import Places, Server

PICTURE = Picture(b"picture", 1, 10)


@pytest.fixture(autouse=True)
def _own_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with environment(XDG_CONFIG_HOME=str(tmp_path_factory.mktemp("config"))):
        yield


@contextmanager
def served() -> Iterator[Places]:
    places = Places(free_port(), True, free_port(), own_context())
    server = Server(places, 8, looking=lambda rings: None, again=lambda: None)
    server.open()
    server.show(PICTURE)
    try:
        yield places
    finally:
        server.close()


@contextmanager
def standing(
    port: int, count: int, words: bytes = b"", secure: bool = False
) -> Iterator[list[socket.socket]]:
    """So many who say no more than these words, and do not leave."""
    context = ssl._create_unverified_context()
    ends: list[socket.socket] = []
    try:
        for _ in range(count):
            end = socket.create_connection(("127.0.0.1", port), 30)
            ends.append(context.wrap_socket(end) if secure else end)
            ends[-1].sendall(words)
        yield ends
    finally:
        for end in ends:
            end.close()


def ask(places: Places, secure: bool) -> http.client.HTTPConnection:
    """A new one, which gets an answer and is kept."""
    connection = (
        http.client.HTTPSConnection(
            "127.0.0.1", places.https_port, timeout=30, context=ssl._create_unverified_context()
        )
        if secure
        else http.client.HTTPConnection("127.0.0.1", places.port, timeout=30)
    )
    connection.request("GET", "/hello")
    reply = connection.getresponse()
    assert reply.status == 200
    reply.read()
    return connection


def is_over(end: socket.socket) -> bool:
    """The other side has hung up."""
    end.settimeout(0)
    try:
        return end.recv(1000) == b""
    except (BlockingIOError, ssl.SSLWantReadError):
        return False
    except OSError:
        return True


HALF = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Late: "
WHOLE = b"GET /hello HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


@pytest.mark.parametrize("words", [b"", HALF, WHOLE], ids=["nothing", "half a request", "one request"])
def test_who_comes_while_silent_ones_fill_the_house_is_let_in(words: bytes) -> None:
    with served() as places, standing(places.port, doors.MOST + 20, words):
        for secure in (False, True):
            ask(places, secure).close()


def test_who_greets_nobody_at_the_secure_door_keeps_nobody_out() -> None:
    with served() as places:
        before = psutil.Process().num_fds()
        with standing(places.https_port, doors.MOST_GREETING + 50) as ends:
            until(lambda: sum(map(is_over, ends)) >= 50, "those who stand there for longest are sent away")
            for secure in (False, True):
                ask(places, secure).close()
        until(lambda: psutil.Process().num_fds() <= before, "nothing of them is left")


def test_who_greets_at_the_secure_door_and_is_silent_then_keeps_nobody_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(doors, "MOST", 20)
    with served() as places, standing(places.https_port, 30, secure=True):
        for secure in (False, True):
            ask(places, secure).close()


def test_who_looks_stays_while_silent_ones_come_and_so_does_who_has_just_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(doors, "MOST", 20)
    with served() as places:
        looks = http.client.HTTPConnection("127.0.0.1", places.port, timeout=30)
        looks.request("GET", "/stream.mjpg")
        stream = looks.getresponse()
        asks = ask(places, secure=False)
        for _ in range(10):
            with standing(places.port, 15):
                asks.request("GET", "/hello")
                assert asks.getresponse().read()
        with standing(places.port, 40):
            read = b"".join(stream.readline() for _ in range(40))
            assert read.count(PICTURE.jpeg) > 5


def test_where_all_are_served_one_more_is_not_let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "MOST", 4)
    words = b"GET /stream.mjpg HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with served() as places, standing(places.port, 4, words) as looking:
        for end in looking:
            assert end.recv(10)
        with standing(places.port, 1) as (more,):
            until(lambda: is_over(more), "one more is sent away")
        assert all(end.recv(10) for end in looking)


def test_silence_is_over_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "GREETS_WITHIN", 0.5)
    monkeypatch.setattr("workers.sinks._web.server.SPEAKS_WITHIN", 0.5)
    with (
        served() as places,
        standing(places.https_port, 2) as no_greeting,
        standing(places.https_port, 2, secure=True) as secure,
        standing(places.port, 2) as nothing,
        standing(places.port, 2, HALF) as half,
    ):
        for ends in (no_greeting, secure, nothing, half):
            until(lambda ends=ends: all(map(is_over, ends)), "they are sent away")
