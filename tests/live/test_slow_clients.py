"""Clients that are slow, stop reading or send rubbish: only they feel it."""

import base64
import os
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.live.client import Client
from tests.live.program import free_port, on_the_web, program
from tests.pipeline.running import Launcher, until

PICTURE = ("scene.width=1280", "scene.height=720", "stereo.layout=rgb+depth", "stereo.view=3d")


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def launcher(port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launcher]:
    settings = "capture.source=scene", "depth.model=true", "capture.fps=30", "web.clients=3"
    with program(tmp_path_factory.mktemp("slow"), *settings, *PICTURE, *on_the_web(port)) as launcher:
        launcher.until_running("capture", "steady", "stereo", "encode", "web")
        yield launcher


@contextmanager
def connected(port: int, path: str = "/ws") -> Iterator[socket.socket]:
    """A WebSocket as one sees it who knows nothing of WebSockets, with little room for what comes."""
    with socket.socket() as end:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32 * 1024)
        end.settimeout(30)
        end.connect(("127.0.0.1", port))
        key = base64.b64encode(os.urandom(16)).decode()
        end.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        reply = b""
        while b"\r\n\r\n" not in reply:
            reply += end.recv(1)
        assert b" 101 " in reply
        yield end


def all_that_comes(end: socket.socket) -> bytes:
    """Until the other side is through."""
    received = bytearray()
    try:
        while part := end.recv(1 << 16):
            received += part
    except ConnectionResetError:
        pass
    return bytes(received)


@pytest.mark.parametrize("path", ["/ws", "/ws?format=h264"])
def test_who_does_not_read_is_sent_away_and_nobody_else_feels_it(
    path: str, launcher: Launcher, port: int
) -> None:
    with Client.watching(port) as other:
        other.until_new()
        start = time.monotonic()
        with connected(port, path) as slow:
            time.sleep(4.5)  # he is given two seconds for a picture
            other.until_new()
            assert other.longest_gap(start) < 2.0
            slow.settimeout(5)
            all_that_comes(slow)
        assert other.connections == 1


def test_who_is_too_slow_may_come_back(launcher: Launcher, port: int) -> None:
    with connected(port) as slow:
        time.sleep(4.5)
        all_that_comes(slow)
    with Client.watching(port) as again:
        again.until_new()


def test_one_more_than_there_is_room_for_is_told_so(launcher: Launcher, port: int) -> None:
    with Client.watching(port) as first, Client.watching(port) as second, connected(port):
        first.until_new()
        second.until_new()
        with connected(port) as fourth:
            said = all_that_comes(fourth)
        assert struct.pack(">H", 4013) + b"3 are looking already (web.clients)." in said
        first.until_new()
    with connected(port) as now:
        assert now.recv(1)


@pytest.mark.parametrize(
    "rubbish",
    [
        b"\0" * 5000,
        b"\x82\xfe\xff\xff" + b"x" * 100,
        b"\xff" * 64,
        b"\x81\x83abcd" + b"key",
        b"\x88\x80abcd",
        b"\x01\x80abcd" * 1000,
    ],
    ids=lambda rubbish: rubbish[:6].hex(),
)
def test_rubbish_is_felt_by_nobody_else(rubbish: bytes, launcher: Launcher, port: int) -> None:
    before = launcher.restarts()
    with Client.watching(port) as other:
        other.until_new()
        with connected(port, "/ws?format=h264") as end:
            end.sendall(rubbish)
            time.sleep(0.2)
        other.until_new()
        assert other.connections == 1
    assert launcher.restarts() == before


def test_who_waits_at_the_door_without_a_word_keeps_nobody_out(launcher: Launcher, port: int) -> None:
    silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(600)]
    try:
        time.sleep(0.2)
    finally:
        for end in silent:
            end.close()
    with Client.watching(port) as client:
        client.until_new()
    until(lambda: launcher.worker("web")["restarts"] == 0, "the server has not crashed")
