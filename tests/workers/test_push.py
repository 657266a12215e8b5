"""The stream is pushed to a real server, and comes back by itself when that one was away."""

import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import av
import pytest

from pipeline.stream_keys import without_keys
from scripts.stream_paths.nginx import nginx
from tests.live.nginx import KEY, needs_nginx
from tests.live.program import free_port
from tests.pipeline.running import until
from tests.workers.coded import COLUMNS, ROWS, Coder
from workers.sinks._stream import push as module
from workers.sinks._stream.amf import encoded
from workers.sinks._stream.push import target_of
from workers.sinks._stream.server import Places, Server
from workers.sinks._web.certificate import context_of, make_certificate


@contextmanager
def pushing(url: str) -> Iterator[Coder]:
    coder = Coder()
    server = Server(Places(0, lan=False), 4, coder.looking, coder.again, [target_of(url)])
    server.open()
    with coder.feeding(server.show):
        yield coder
    server.close()


def pictures(url: str, count: int = 5) -> list[av.VideoFrame]:
    """What a player of the server's sees; it waits for a picture by itself."""
    options = {"fflags": "nobuffer", "probesize": "32768"}
    with av.open(url, options=options, timeout=20) as stream:
        assert [one.type for one in stream.streams] == ["video"]
        frames = stream.decode(video=0)
        return [next(frames) for _ in range(count)]


@needs_nginx()
def test_a_server_that_dies_is_waited_for_said_once_and_has_the_picture_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO, "workers.sinks.stream")
    monkeypatch.setattr(module, "PATIENCE", 1.0)
    monkeypatch.setattr(module, "LONGEST_RETRY", 0.5)
    port = free_port()
    url = f"rtmp://127.0.0.1:{port}/live/{KEY}"
    with pushing(url) as coder:
        until(lambda: "Connection refused" in caplog.text, "it is said that nobody is there")
        assert not coder.keys, "nothing is encoded for nobody"
        with nginx(tmp_path, port):
            assert {(one.height, one.width) for one in pictures(url)} == {(ROWS, COLUMNS)}
        until(lambda: caplog.text.count("goes on when it can") == 2, "it is said that it has gone")
        with nginx(tmp_path, port) as server:
            server.send_signal(signal.SIGSTOP)  # it is there, and does not answer
            until(lambda: "does not answer" in caplog.text, "that is said")
            server.send_signal(signal.SIGCONT)
            assert pictures(url)
    assert KEY not in caplog.text


def test_a_name_that_nobody_has_is_said(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(socket.gaierror) as unknown:
        socket.getaddrinfo("nobody.invalid", 1935)
    with pushing(f"rtmp://nobody.invalid/live/{KEY}"):
        until(lambda: "goes on when it can" in caplog.text, "it is said")
    assert f"rtmp://nobody.invalid: {unknown.value.strerror}; it goes" in caplog.text


def test_a_certificate_that_is_not_accepted_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "own.pem"
    file.write_bytes(make_certificate())
    context = context_of(file, None)
    shaking_hands = partial(context.wrap_socket, server_side=True)
    with answering(shaking_hands) as port, pushing(f"rtmps://127.0.0.1:{port}/live/{KEY}"):
        until(lambda: "goes on when it can" in caplog.text, "it is said")
    assert "its certificate is not accepted (self-signed certificate)" in caplog.text


def test_a_server_whose_answer_is_short_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    """It makes a stream and does not say which."""
    tries = []

    def short(connection: socket.socket) -> None:
        tries.append(connection)
        with connection.makefile("rwb") as both:
            hello = both.read(1 + 1536)
            both.write(hello + hello[1:])
            for number in (1, 4):
                words = encoded("_result", number)
                both.write(b"\3\0\0\0" + len(words).to_bytes(3, "big") + b"\x14\0\0\0\0" + words)
            both.flush()
            both.read()

    with answering(short) as port, pushing(f"rtmp://127.0.0.1:{port}/live/{KEY}"):
        until(lambda: len(tries) > 1, "it is tried again")
    assert "127.0.0.1: it sends what is no RTMP; it goes on when it can" in caplog.text


@contextmanager
def answering(answer: Callable[[socket.socket], object]) -> Iterator[int]:
    """A server on this port that does this with each connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):  # the end
                while True:
                    connection, _ = server.accept()
                    with connection, suppress(OSError):  # it was hung up
                        answer(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://host/live/",
        "rtmp:///live/",
        "rtmp://host:x/y/",
        "rtmp://[x/y/",
        "rtmp://host/",
        "srt://host/",
    ],
)
def test_what_cannot_be_pushed_to_is_refused_without_naming_the_key(url: str) -> None:
    with pytest.raises(ValueError, match=r"pushed to|address|SRT") as refused:
        target_of(url + KEY)
    assert KEY not in str(refused.value)


def test_a_report_hides_the_keys_of_streams() -> None:
    text = f'push: ["rtmp://host/live/{KEY}", rtmps://host/{KEY}, srt://h?streamid={KEY}]'
    assert without_keys(text) == 'push: ["rtmp://(hidden)", rtmps://(hidden), srt://(hidden)]'
