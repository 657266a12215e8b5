"""A Wayland desktop from the portal's handshake to the picture: D-Bus and PipeWire are real, the portal and
the desktop behind it are not (they take a GPU)."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("dbus_fast", reason="dbus-fast is not installed (Linux)")
pytest.importorskip("pipewire_capture", reason="pipewire-capture is not installed (Linux on x86-64)")

from tests.live.client import Client
from tests.live.needs import needs
from tests.live.portal import INTERFACES, SCREENCAST, TOKEN
from tests.live.program import environment, free_port, on_the_web, program
from tests.live.wayland import BACKGROUND, Desktop
from tests.workers.pushed import Watched
from workers.capture import Settings as CaptureSettings
from workers.capture.screen_mss import Settings
from workers.capture.screen_wayland import ScreenWayland, unavailable
from workers.depth import Settings as DepthSettings

pytestmark = [
    pytest.mark.timeout(120),
    needs("dbus-daemon", "pipewire", "wireplumber", "pw-dump", "gst-launch-1.0"),
    pytest.mark.skipif(
        not (INTERFACES / f"{SCREENCAST}.xml").exists(), reason="xdg-desktop-portal-dev is not installed"
    ),
]


@pytest.fixture
def desktop() -> Iterator[Desktop]:
    with Desktop.started() as desktop:
        yield desktop


@pytest.fixture
def sources(desktop: Desktop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    monkeypatch.setattr(ScreenWayland, "try_again", 0.1)
    made: list[Watched] = []

    def opened(**screen: Any) -> Watched:
        capture = CaptureSettings(crop_black_bars=False)
        settings = SimpleNamespace(screen_mss=Settings(**screen), capture=capture, depth=DepthSettings())
        made.append(Watched(lambda host: ScreenWayland(settings, host), tmp_path / "trouble"))
        made[-1].open()
        return made[-1]

    yield opened
    for source in made:
        source.worker.close()


def selected(desktop: Desktop) -> list[dict[str, Any]]:
    """What was wished of the sources, each time."""
    return [asked for line in desktop.asked if (asked := json.loads(line))["method"] == "SelectSources"]


def starts(desktop: Desktop) -> int:
    return sum(json.loads(line)["method"] == "Start" for line in desktop.asked)


def test_contract_its_pictures_are_published_in_their_colours(desktop: Desktop, sources: Any) -> None:
    source = sources()
    picture = source.picture()
    assert picture.shape == (360, 640, 3)
    assert (np.median(picture, axis=(0, 1)) == BACKGROUND).all()
    assert source.told == ["ready"]
    assert (source.picture() != picture).any(), "it goes on"
    (wishes,) = selected(desktop)
    assert {key: wishes[key] for key in ("types", "cursor_mode", "persist_mode", "multiple")} == {
        "types": 3,
        "cursor_mode": 2,
        "persist_mode": 2,
        "multiple": False,
    }
    assert "restore_token" not in wishes


def test_contract_a_region_and_no_pointer_are_what_is_wished(desktop: Desktop, sources: Any) -> None:
    assert sources(region=(40, 20, 160, 90), cursor=False).picture().shape == (90, 160, 3)
    assert selected(desktop)[0]["cursor_mode"] == 1


def test_contract_the_user_is_asked_once(desktop: Desktop, sources: Any) -> None:
    first = sources()
    first.picture()
    first.worker.close()
    assert desktop.token.read_text() == TOKEN
    assert desktop.token.stat().st_mode & 0o077 == 0
    sources().picture()
    assert [wishes.get("restore_token") for wishes in selected(desktop)] == [None, TOKEN]


def test_contract_the_permission_outlasts_a_rest(desktop: Desktop, sources: Any) -> None:
    """While nobody looks nothing is fetched; then it goes on, without another question."""
    source = sources()
    source.picture()
    source.worker.close()
    source.picture()
    assert starts(desktop) == 1


def test_contract_a_user_who_refuses_is_not_asked_again(
    desktop: Desktop, sources: Any, caplog: pytest.LogCaptureFixture
) -> None:
    desktop.answer(1)
    source = sources()
    source.until("away")
    assert "you did not allow the screen to be captured" in caplog.text
    for _ in range(10):
        assert source.step() is None
    assert starts(desktop) == 1


def test_contract_a_portal_that_fails_is_asked_again(
    desktop: Desktop, sources: Any, caplog: pytest.LogCaptureFixture
) -> None:
    desktop.answer(2)
    source = sources()
    source.until("away")
    assert "the desktop's portal could not do it (Start ended with 2)" in caplog.text
    desktop.answer(0)
    source.until("ready")


def test_contract_a_sharing_that_the_desktop_ends_is_asked_for_anew(
    desktop: Desktop, sources: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """The user may have ended it: the answer of then does not hold any more. What is chosen next may have
    another size."""
    source = sources()
    source.until("ready")
    desktop.answer(2)  # until there is something else to be shown
    desktop.end_sharing()
    source.until("away")
    assert "the desktop has ended the capture" in caplog.text
    desktop.kill_pipewire()  # or WirePlumber connects nobody to a picture that has the number of an older one
    desktop.start_pipewire()
    desktop.show(800, 600)
    desktop.answer(0)
    source.until("ready", limit=30)
    assert source.picture().shape == (600, 800, 3)
    assert {wishes.get("restore_token") for wishes in selected(desktop)} == {None}


def test_contract_a_pipewire_that_is_lost_is_waited_for(
    desktop: Desktop, sources: Any, caplog: pytest.LogCaptureFixture
) -> None:
    source = sources()
    source.until("ready")
    desktop.kill_pipewire()
    source.until("away")
    assert "the desktop's PipeWire stream is lost" in caplog.text
    desktop.start_pipewire()
    desktop.show(640, 360)
    source.until("ready", limit=30)
    assert selected(desktop)[-1]["restore_token"] == TOKEN


def test_contract_a_stream_without_pictures_is_said(
    desktop: Desktop, sources: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("workers.capture.screen_wayland.FIRST_PICTURE", 0.5)
    desktop.kill("wireplumber")  # so nobody connects the two
    source = sources()
    source.until("away")
    assert "gives no picture that can be read here" in caplog.text


def test_contract_it_says_why_it_is_not_there(desktop: Desktop) -> None:
    assert unavailable() is None
    with environment(WAYLAND_DISPLAY=None):
        assert unavailable() == "this is no Wayland session (WAYLAND_DISPLAY is not set)"
    desktop.kill("portal")
    said = unavailable()
    assert said is not None
    assert "xdg-desktop-portal" in said
    desktop.kill("bus")
    assert "D-Bus" in str(unavailable())


@needs("model")
def test_contract_the_whole_program_takes_it_by_itself_and_says_why(desktop: Desktop, tmp_path: Path) -> None:
    port = free_port()
    with program(tmp_path, "capture.source=auto", *on_the_web(port)) as launcher:
        with Client.watching(port) as client:
            try:
                client.until_new(5, limit=25)
            except AssertionError:  # GStreamer's sink waits for a buffer for ever, now and then
                desktop.kill_pipewire()
                desktop.start_pipewire()
                desktop.show(640, 360)
                client.until_new(5)
        assert "source: not screen_mss, because this is a Wayland session" in launcher.log
        assert "source: screen_wayland" in launcher.log
        assert "choose a screen or a window in the dialog of your desktop" in launcher.log
