"""ScreenCaptureKit as the source: what it does is played by a stand-in with its selectors."""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.workers.pushed import MONITORS, STAND_INS, Watched
from workers.capture import Settings as CaptureSettings
from workers.capture import _pushed, screen_macos
from workers.capture.screen_macos import ScreenMacos, our_processes
from workers.capture.screen_mss import Settings
from workers.depth import Settings as DepthSettings

pytestmark = pytest.mark.timeout(60)
GREEN = (60, 180, 40)


def settings(**screen: Any) -> SimpleNamespace:
    capture = CaptureSettings(crop_black_bars=False, fps=50)
    return SimpleNamespace(screen_mss=Settings(**screen), capture=capture, depth=DepthSettings())


@pytest.fixture
def kit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    monkeypatch.syspath_prepend(str(STAND_INS))
    monkeypatch.setenv("STAND_IN_TROUBLE", str(tmp_path / "trouble"))
    monkeypatch.setattr(screen_macos, "monitors", lambda: MONITORS)
    monkeypatch.setattr(ScreenMacos, "try_again", 0.1)
    import ScreenCaptureKit

    ScreenCaptureKit.configurations.clear()
    ScreenCaptureKit.hidden.clear()
    ScreenCaptureKit.stopped.clear()
    return ScreenCaptureKit


@pytest.fixture
def source(kit: ModuleType, tmp_path: Path) -> Iterator[Watched]:
    made = Watched(lambda host: ScreenMacos(settings(), host), tmp_path / "trouble")
    yield made
    if made.worker is not None:
        made.worker.close()


def test_contract_pictures_are_copied_in_the_display_s_own_pixels(source: Watched, kit: ModuleType) -> None:
    source.open()
    for _ in range(5):
        picture = source.picture()
        assert picture.shape == (720, 1280, 3)
        assert (np.median(picture, axis=(0, 1)) == GREEN).all()
    assert source.told == ["ready"]
    (asked,) = kit.configurations
    assert asked == {
        "width": 1280,
        "height": 720,
        "format": 1111970369,
        "cursor": True,
        "interval": 1 / 50,
        "queue": 3,
    }


def test_contract_another_rate_is_asked_for_while_it_runs(source: Watched, kit: ModuleType) -> None:
    source.open()
    source.picture()
    source.worker.settings.capture = CaptureSettings(crop_black_bars=False, fps=100)
    source.picture()
    assert [asked["interval"] for asked in kit.configurations] == [1 / 50, 1 / 100]


def test_contract_our_own_windows_are_left_out_also_those_that_open_later(
    source: Watched, kit: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen_macos, "LOOK_EVERY", 0.1)
    source.open()
    source.picture()
    assert kit.hidden == [[]]
    source.trouble("window")
    end = time.monotonic() + 10
    while kit.hidden[-1] != [3]:
        assert time.monotonic() < end
        source.step()
    time.sleep(0.3)
    source.step()
    assert kit.hidden == [[], [3]], "it is told only what has changed"


def test_contract_a_stream_that_macos_ends_is_begun_anew(
    source: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    source.open()
    source.until("ready")
    source.trouble("lost")
    source.until("away")
    assert "the screen is lost (stopped by the system)" in caplog.text
    time.sleep(0.3)
    source.trouble()
    source.until("ready")
    source.picture()


def test_contract_what_the_user_does_not_allow_is_said_with_what_to_do(
    source: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    source.trouble("declined")
    source.open()
    source.until("away")
    assert "allow it in System Settings, Privacy & Security, Screen Recording" in caplog.text


def test_contract_a_display_that_is_not_there_is_looked_for(
    source: Watched, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(screen_macos, "monitors", lambda: MONITORS[1:])
    source.open()
    source.until("away")
    assert "macOS has no display at 640, 0" in caplog.text


def test_contract_a_picture_that_stands_still_is_published_once(source: Watched) -> None:
    source.trouble("still")
    source.open()
    source.picture()
    source.until_still()
    source.worker.again()
    assert source.step() is not None


@pytest.mark.parametrize("words", ["", "still"])
def test_contract_macos_rests_while_nobody_looks(
    words: str, source: Watched, kit: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_pushed, "REST", 0.2)
    source.open()
    source.picture()
    source.trouble(words)
    end = time.monotonic() + 10
    while not kit.stopped:
        assert time.monotonic() < end
        time.sleep(0.02)
    source.picture()
    assert len(kit.configurations) == 2


@pytest.mark.usefixtures("kit")
def test_contract_slots_have_the_monitor_s_size() -> None:
    assert ScreenMacos.largest(settings(monitor=2)) == (360, 640)
    with pytest.raises(ValueError, match="no monitor 3"):
        ScreenMacos.largest(settings(monitor=3))


def test_contract_without_the_package_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "ScreenCaptureKit", raising=False)
    with pytest.raises(ValueError, match="pyobjc-framework-ScreenCaptureKit is not installed"):
        ScreenMacos.largest(settings())


def test_contract_all_of_ours_are_the_launcher_and_what_it_has_started() -> None:
    assert {os.getpid(), os.getppid()} <= our_processes()
