"""The RTSP server on a real port, with real players: FFmpeg's (PyAV), and bare sockets for the rude ones."""

import socket
import time
from collections.abc import Iterator
from contextlib import closing, suppress

import av
import pytest

from tests.live.program import free_port
from tests.pipeline.running import until
from tests.workers.coded import COLUMNS, ROWS, Coder
from workers.sinks._send_buffer import PATIENCE
from workers.sinks._stream.digest import USER
from workers.sinks._stream.server import Places, Server
from workers.sinks._web.tokens import addresses, view_token

PORT = free_port()
HERE = f"rtsp://127.0.0.1:{PORT}/live"
REQUEST = "{method} {url} RTSP/1.0\r\nCSeq: {number}\r\n{more}\r\n"


@pytest.fixture(scope="module")
def coder() -> Coder:
    return Coder()


@pytest.fixture(scope="module")
def server(coder: Coder) -> Iterator[Server]:
    made = Server(Places(PORT, lan=True), 4, coder.looking, coder.again)
    made.open()
    with coder.feeding(made.show):
        yield made
    made.close()


def pictures(url: str, count: int, transport: str = "tcp") -> list[av.VideoFrame]:
    with av.open(url, options={"rtsp_transport": transport}, timeout=20) as stream:
        frames = stream.decode(video=0)
        return [next(frames) for _ in range(count)]


class Talk:
    """A player by hand."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.end = socket.socket()
        self.end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 * 1024)
        self.end.settimeout(20)
        self.end.connect((host, PORT))
        self.url = f"rtsp://{host}:{PORT}/live"

    def ask(self, method: str, more: str = "", track: str = "") -> str:
        self.end.sendall(REQUEST.format(method=method, url=self.url + track, number=1, more=more).encode())
        return self.read()

    def read(self) -> str:
        head = b""
        while b"\r\n\r\n" not in head:
            got = self.end.recv(1)
            if not got:
                return ""
            head += got
        length = head.lower().partition(b"content-length:")[2].partition(b"\r")[0]
        body = b""
        while len(body) < int(length or 0):
            body += self.end.recv(1)
        return (head + body).decode()

    def close(self) -> None:
        self.end.close()


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_a_player_sees_every_picture(transport: str, server: Server) -> None:
    frames = pictures(HERE, 20, transport)
    assert {(frame.height, frame.width) for frame in frames} == {(ROWS, COLUMNS)}
    assert [frame.key_frame for frame in frames].index(True) == 0
    times = [float(frame.time or 0) for frame in frames]
    assert times == sorted(times)


def test_who_leaves_is_no_longer_encoded_for(server: Server, coder: Coder) -> None:
    before = coder.stops
    for _ in range(3):
        pictures(HERE, 2)
    until(lambda: not coder.looked_at, "nobody looks")
    assert coder.stops > before
    until(lambda: not server._players, "nobody is connected")


def test_who_does_not_read_is_cut_off_and_nobody_else_feels_it(server: Server) -> None:
    with closing(Talk()) as slow:
        assert "200 OK" in slow.ask("DESCRIBE")
        assert "interleaved=0-1" in slow.ask("SETUP", "Transport: RTP/AVP/TCP;unicast\r\n", "/track0")
        assert "200 OK" in slow.ask("PLAY")
        (player,) = server._players
        with av.open(HERE, options={"rtsp_transport": "tcp"}, timeout=20) as stream:
            frames, start = stream.decode(video=0), time.monotonic()
            gaps, last = [], start
            while player in server._players:
                next(frames)
                gaps.append(time.monotonic() - last)
                last = time.monotonic()
                assert last - start < 60, "it is never cut off"
        assert sorted(gaps)[-2] < PATIENCE / 2


def test_there_is_room_for_so_many_and_then_it_is_said(server: Server) -> None:
    talks = [Talk() for _ in range(5)]
    try:
        said = [talk.ask("DESCRIBE")[9:12] for talk in talks]
        assert said == ["200"] * 4 + ["503"]
    finally:
        for talk in talks:
            talk.close()
    until(lambda: not server._players, "they have left")


@pytest.mark.parametrize(
    ("line", "status"),
    [("PAUSE", "405"), ("PLAY", "455"), ("SETUP", "461"), ("GET_PARAMETER", "200")],
)
def test_what_cannot_be_is_refused_by_its_name(line: str, status: str, server: Server) -> None:
    with closing(Talk()) as talk:
        assert talk.ask(line, "Transport: RTP/AVP;multicast\r\n")[9:12] == status


@pytest.mark.parametrize(
    "sent",
    [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\xff\xfe\r\n\r\n", b"A" * 20_000, b"$\0\0\4abcdB\r\n\r\n"],
)
def test_what_is_no_rtsp_is_hung_up_on(sent: bytes, server: Server) -> None:
    with closing(Talk()) as talk:
        talk.end.sendall(sent)
        with suppress(ConnectionResetError):
            assert talk.read() == ""


def test_from_elsewhere_only_who_knows_the_token_sees_anything(server: Server) -> None:
    if not addresses():
        pytest.skip("this machine has no address beyond loopback")
    host = addresses()[0]
    with closing(Talk(host)) as talk:
        for method in ("DESCRIBE", "SETUP", "PLAY", "GET_PARAMETER"):
            said = talk.ask(method, "Transport: RTP/AVP/TCP;unicast\r\n")
            assert " 401 " in said.split("\r\n")[0]
            assert "sprop" not in said
    for token in ("", "guess"):
        with pytest.raises(av.error.HTTPUnauthorizedError):
            pictures(f"rtsp://{USER}:{token}@{host}:{PORT}/live", 1)
    assert pictures(f"rtsp://{USER}:{view_token()}@{host}:{PORT}/live", 1)
