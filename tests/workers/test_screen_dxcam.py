"""DXcam as the source: what it does is played by a stand-in with its signatures."""

import logging
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.workers.pushed import MONITORS, STAND_INS, Watched
from workers.capture import Settings as CaptureSettings
from workers.capture import _pushed, screen_dxcam
from workers.capture.screen_dxcam import Output, ScreenDxcam, owner_of
from workers.capture.screen_mss import Settings
from workers.depth import Settings as DepthSettings

pytestmark = pytest.mark.timeout(60)


def settings(**screen: Any) -> SimpleNamespace:
    capture = CaptureSettings(crop_black_bars=False)
    return SimpleNamespace(screen_mss=Settings(**screen), capture=capture, depth=DepthSettings())


@pytest.fixture(autouse=True)
def windows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As far as is needed."""
    monkeypatch.syspath_prepend(str(STAND_INS))
    monkeypatch.setenv("STAND_IN_TROUBLE", str(tmp_path / "trouble"))
    monkeypatch.setattr(screen_dxcam, "monitors", lambda: MONITORS)
    monkeypatch.setattr(ScreenDxcam, "try_again", 0.1)


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Watched]:
    made = Watched(lambda host: ScreenDxcam(settings(), host), tmp_path / "trouble")
    yield made
    made.trouble()
    if made.worker is not None:
        made.worker.close()


def test_contract_its_pictures_are_published_in_their_colours(source: Watched) -> None:
    source.open()
    picture = source.picture()
    assert picture.shape == (360, 640, 3)
    assert (np.median(picture, axis=(0, 1)) == (200, 20, 10)).all()
    assert source.told == ["ready"]


def test_contract_a_desktop_that_stands_still_is_not_published_again_unless_somebody_begins_to_look(
    source: Watched,
) -> None:
    source.open()
    source.picture()
    source.trouble("still")
    source.until_still()
    source.worker.again()
    assert source.step() is not None
    assert source.step() is None


def test_contract_a_new_size_of_the_desktop_is_the_picture_s_size(source: Watched) -> None:
    source.open()
    assert source.picture().shape[:2] == (360, 640)
    source.trouble("larger")
    while source.picture().shape[:2] != (720, 1280):
        pass


def test_contract_a_desktop_that_is_away_is_waited_for_without_standing_still_oneself(
    source: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen_dxcam, "STUCK", 0.2)
    source.open()
    source.until("ready")
    source.trouble("away")
    source.until("away")
    begin = time.monotonic()
    source.step()
    assert time.monotonic() - begin < 1, "messages are answered meanwhile"
    source.trouble()
    source.until("ready")
    source.picture()


def test_contract_a_duplication_that_fails_is_begun_anew(
    source: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    source.open()
    source.until("ready")
    source.trouble("lost")
    source.until("away")
    time.sleep(0.3)
    source.step()
    source.trouble()
    source.until("ready")
    lost = [record.message for record in caplog.records if record.levelno == logging.ERROR]
    assert lost == ["the screen is lost (0x80070005 (-2147024891, 'Access is denied.', ())); "
                    "trying again every second"]  # fmt: skip


def test_contract_the_wrong_gpu_is_said_with_what_to_do(
    source: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    source.trouble("unsupported")
    source.open()
    source.until("away")
    assert "a monitor of Own GPU; choose that GPU for python.exe" in caplog.text
    assert "capture.source=screen_windows_capture" in caplog.text


def test_contract_a_monitor_that_is_plugged_in_later_is_found(
    source: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    source.make = lambda host: ScreenDxcam(settings(monitor=2), host)
    source.open()
    source.until("away")
    assert "no GPU has the monitor at 640, 0" in caplog.text
    source.trouble("plugged")
    source.until("ready")
    assert "Only 1 instance of DXFactory" not in caplog.text


def test_contract_it_is_given_back_while_nobody_looks(
    source: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_pushed, "REST", 0.2)
    source.open()
    source.picture()
    thread = source.worker._thread
    thread.join(5)
    assert not thread.is_alive()
    source.picture()
    assert source.worker._thread is not thread


def test_contract_the_region_is_cut_out_and_can_change(source: Watched, tmp_path: Path) -> None:
    chosen = settings(region=(0, 0, 100, 50))
    source.make = lambda host: ScreenDxcam(chosen, host)
    source.open()
    assert source.picture().shape == (50, 100, 3)
    chosen.screen_mss = Settings(region=(10, 10, 64, 48))
    assert source.picture().shape == (48, 64, 3)
    chosen.screen_mss = Settings(region=(600, 0, 100, 50))
    source.told.clear()
    source.until("away")


def output(left: int, top: int) -> SimpleNamespace:
    place = SimpleNamespace(left=left, top=top)
    return SimpleNamespace(devicename="D", desc=SimpleNamespace(DesktopCoordinates=place))


def test_contract_the_gpu_that_owns_the_monitor_is_found() -> None:
    gpus = [SimpleNamespace(description="fast"), SimpleNamespace(description="thrifty")]
    factory = SimpleNamespace(devices=gpus, outputs=[[output(0, 0)], [output(-800, 0), output(640, 0)]])
    assert owner_of(MONITORS[1], factory) == Output(1, 1, "thrifty")
    with pytest.raises(ValueError, match=r"no GPU has the monitor at 5, 5 \(there are: D at 0, 0 on fast; "):
        owner_of({"left": 5, "top": 5}, factory)


def test_contract_slots_have_the_monitor_s_size_and_what_is_not_there_is_refused() -> None:
    assert ScreenDxcam.largest(settings(monitor=2)) == (360, 640)
    assert ScreenDxcam.largest(settings(region=(0, 0, 100, 50))) == (50, 100)
    with pytest.raises(ValueError, match=r"no monitor 3 \(there are 1: 640 x 360, 2: 640 x 360\)"):
        ScreenDxcam.largest(settings(monitor=3))
    with pytest.raises(ValueError, match="can only be had with screen_mss"):
        ScreenDxcam.largest(settings(monitor=0))
