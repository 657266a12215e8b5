"""What bad input gets: a plain sentence that says what, where and what to do, the right exit code, and
nothing left running."""

import json
import re
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.client import Client
from tests.live.display import Display
from tests.live.needs import needs
from tests.live.picture import is_in_stereo
from tests.live.program import SCREEN, environment, free_port, on_the_web, program
from tests.pipeline.running import Launcher

WRONG = 2  # exit code for wrong settings


def refused(launcher: Launcher) -> str:
    """What it says before it ends with the code for wrong settings, having started nothing."""
    assert launcher.wait() == WRONG, launcher.log
    assert "Traceback" not in launcher.log, launcher.log
    return launcher.log


def test_wrong_settings(tmp_path: Path) -> None:
    with program(tmp_path, "capture.fsp=30", "web.port=http") as launcher:
        said = refused(launcher)
    assert "capture.fsp" in said
    assert "fps" in said
    assert "web.port" in said


@needs("model")
@pytest.mark.parametrize(("name", "why"), [(None, "there is no display"), (":99", "cannot be captured")])
def test_no_display(name: str | None, why: str, tmp_path: Path) -> None:
    settings = "capture.source=screen_mss", "sinks=[null]"
    with environment(DISPLAY=name), program(tmp_path, *settings) as launcher:
        said = refused(launcher)
    assert "screen_mss" in said
    assert why in said


@needs("Xvfb", "model")
def test_no_such_monitor(display: Display, tmp_path: Path) -> None:
    with program(tmp_path, "capture.source=screen_mss", "screen_mss.monitor=3", "sinks=[null]") as launcher:
        said = refused(launcher)
    assert "there is no monitor 3" in said
    assert f"1: {display.width} x {display.height}" in said


@needs("Xvfb", "model")
def test_a_region_beyond_the_monitor(display: Display, tmp_path: Path) -> None:
    settings = "capture.source=screen_mss", "screen_mss.region=[1800, 0, 640, 360]", "sinks=[null]"
    with program(tmp_path, *settings) as launcher:
        said = refused(launcher)
    assert "screen_mss.region" in said
    assert "1920 x 720" in said


@pytest.mark.parametrize(("name", "why"), [(None, "there is no display"), (":99", "display :99 does not")])
def test_no_display_for_the_window(name: str | None, why: str, tmp_path: Path) -> None:
    settings = "capture.source=scene", "depth.model=true", "sinks=[window]"
    with environment(DISPLAY=name), program(tmp_path, *settings) as launcher:
        assert launcher.wait() == 1
    assert why in launcher.log
    assert "sinks=[web]" in launcher.log
    assert "Traceback" not in launcher.log


@needs("model")
@pytest.mark.parametrize(("source", "name"), [("video", "film.mp4"), ("image", "photo.png")])
@pytest.mark.parametrize("content", [None, b"", b"this is no picture"])
def test_a_file_that_is_missing_or_broken(
    content: bytes | None, source: str, name: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    settings = f"capture.source={source}", f"{source}.path={path}", "sinks=[null]"
    with program(tmp_path, *settings) as launcher:
        said = refused(launcher)
    assert str(path) in said


@needs("model")
def test_a_broken_model(tmp_path: Path) -> None:
    path = tmp_path / "garbage.onnx"
    path.write_bytes(b"this is no network " * 100)
    with program(tmp_path, "capture.source=scene", "sinks=[null]", f"depth.model={path}") as launcher:
        launcher.until(lambda: f"{path} is not a model" in launcher.log, "it says what is wrong")
        assert "depth.model" in launcher.log
        launcher.until(lambda: "stays off" in launcher.log, "it says what happens", limit=60)
        assert "Traceback" not in launcher.log


def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    settings = "capture.source=scene", "sinks=[null]", "depth.model=no-such-model"
    with program(tmp_path, *settings) as launcher:
        launcher.until(lambda: "no-such-model" in launcher.log.replace("set=", ""), "it names the model")
        assert "tcmonodepth-small" in launcher.log
        assert "Traceback" not in launcher.log


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        settings = "capture.source=scene", "depth.model=true", *on_the_web(port)
        with program(tmp_path, *settings) as launcher:
            assert launcher.wait() == 1
    assert f"web.port: cannot listen on port {port}" in launcher.log
    assert "--set web.port=" in launcher.log
    assert "Traceback" not in launcher.log


@needs("Xvfb", "model")
def test_a_lost_screen_comes_back_by_itself(display: Display, tmp_path: Path) -> None:
    display.show_something_moving()
    port = free_port()
    with program(tmp_path, *SCREEN, *on_the_web(port)) as launcher, Client.watching(port) as client:
        client.until_new()
        client.until_in_stereo()
        display.kill()
        client.until(lambda: client.last.stale, "the last picture is marked stale")
        assert is_in_stereo(client.last.picture)  # it stays up
        launcher.until_logged("the screen is lost")
        assert launcher.ring("frame")["state"] == "away"
        display.start()
        display.show_something_moving()
        client.until_new()
        client.until_in_stereo()
        assert launcher.restarts()["capture"] == 0
        assert client.connections == 1
        assert "Traceback" not in launcher.log


@pytest.fixture(scope="module", params=[False, True], ids=["this machine", "lan"])
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[int, Launcher, bool]]:
    """A running program with a web page: its port, itself, and whether other devices may look."""
    port = free_port()
    lan = f"web.lan={str(request.param).lower()}", "web.https_port=0"
    settings = "capture.source=scene", "depth.model=true", *lan
    folder = tmp_path_factory.mktemp("served")
    with program(folder, *settings, *on_the_web(port)) as launcher:
        launcher.until_running("web")
        yield port, launcher, request.param


@pytest.mark.parametrize("path", ["/", "/snapshot.jpg", "/stream.mjpg", "/state", "/metrics", "/ws"])
def test_a_foreign_page_may_not_look(path: str, served: tuple[int, Launcher, bool]) -> None:
    port, _, _ = served
    assert answer(port, path, Host="evil.example") == 403
    assert answer(port, path, Host=f"evil.example:{port}") == 403
    assert answer(port, path, Origin="http://evil.example") == 403
    assert answer(port, path, Origin="null") == 403


def test_this_machine_needs_no_token(served: tuple[int, Launcher, bool]) -> None:
    port, _, _ = served
    assert answer(port, "/") == 200
    assert answer(port, "/state") == 200
    assert answer(port, "/", Host=f"localhost:{port}") == 200


def test_others_need_the_token(served: tuple[int, Launcher, bool]) -> None:
    port, launcher, lan = served
    address = own_address()
    if not lan:
        assert "from another device" not in launcher.log
        with pytest.raises(urllib.error.URLError):
            answer(port, "/", at=address)
        return
    launcher.until_logged("from another device:")
    launcher.until_logged(f"for players: http://{address}:{port}/hls/")
    token = re.search(rf"http://{re.escape(address)}:{port}/\?token=(\S+)", launcher.log)
    assert token is not None
    assert answer(port, "/", at=address) == 401
    assert answer(port, "/?token=wrong", at=address) == 401
    assert answer(port, f"/?token={token[1]}", at=address) == 200
    assert answer(port, "/state", at=address, Cookie=f"stereoring_view={token[1]}") == 200
    assert answer(port, f"/?token={token[1]}", at=address, Host="evil.example") == 403


def test_state_and_metrics(served: tuple[int, Launcher, bool]) -> None:
    port, _, _ = served
    with Client.watching(port) as client:
        client.until_new()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/state", timeout=30) as reply:
            assert [one["kind"] for one in json.load(reply)["clients"]] == ["websocket"]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as reply:
            assert "stereoring_web_clients 1" in reply.read().decode()


def answer(port: int, path: str, at: str = "127.0.0.1", **headers: str) -> int:
    """The status code. The token comes from nobody's proxy."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(
            urllib.request.Request(f"http://{at}:{port}{path}", headers=headers), timeout=30
        ) as got:
            return int(got.status)
    except urllib.error.HTTPError as error:
        return error.code


def own_address() -> str:
    """How others reach this machine."""
    from workers.sinks._web.tokens import addresses

    found = addresses()
    if not found:
        pytest.skip("this machine has no address beyond loopback")
    return found[0]
