"""Windows Graphics Capture as the source: what it does is played by a stand-in with its signatures."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.workers.pushed import MONITORS, STAND_INS, Watched
from workers.capture import Settings as CaptureSettings
from workers.capture import _pushed, screen_windows_capture
from workers.capture.screen_mss import Settings as ScreenSettings
from workers.capture.screen_windows_capture import GUESS, ScreenWindowsCapture, Settings
from workers.depth import Settings as DepthSettings

pytestmark = pytest.mark.timeout(60)
ORANGE = (240, 120, 10)
Opened = Callable[..., Watched]


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    monkeypatch.syspath_prepend(str(STAND_INS))
    monkeypatch.setenv("STAND_IN_TROUBLE", str(tmp_path / "trouble"))
    monkeypatch.setattr(screen_windows_capture, "monitors", lambda: MONITORS)
    monkeypatch.setattr(ScreenWindowsCapture, "try_again", 0.1)
    import windows_capture

    windows_capture.asked.clear()
    return windows_capture


@pytest.fixture
def opened(package: ModuleType, tmp_path: Path) -> Iterator[Opened]:
    """`opened("windows10", title="Some")`: the source, its stand-in in this trouble."""
    made = []

    def open_one(*trouble: str, **values: Any) -> Watched:
        given = settings(**values)
        source = Watched(lambda host: ScreenWindowsCapture(given, host), tmp_path / "trouble")
        source.trouble(*trouble)
        made.append(source)
        source.open()
        return source

    yield open_one
    for source in made:
        source.worker.close()


def settings(region: tuple[int, ...] = (), monitor: int = 1, **own: Any) -> SimpleNamespace:
    return SimpleNamespace(
        screen_windows_capture=Settings(**own),
        screen_mss=ScreenSettings(region=region, monitor=monitor, cursor=False),
        capture=CaptureSettings(crop_black_bars=False, fps=60),
        depth=DepthSettings(),
    )


def test_contract_pictures_are_copied_before_windows_takes_them_back(opened: Opened) -> None:
    source = opened()
    for _ in range(5):
        picture = source.picture()
        assert picture.shape == (360, 640, 3)
        assert (np.median(picture, axis=(0, 1)) == ORANGE).all()
    assert source.told == ["ready"]


def test_contract_windows_is_asked_for_what_the_settings_say(opened: Opened, package: ModuleType) -> None:
    opened(monitor=2).picture()
    opened(title="window").picture()
    opened(title="window", handle=77).picture()
    same = {"cursor_capture": False, "draw_border": False, "minimum_update_interval": 16}
    assert [dict(asked) for asked in package.asked] == [
        {**same, "monitor_index": 2, "window_name": None, "window_hwnd": None},
        {**same, "monitor_index": None, "window_name": "window", "window_hwnd": None},
        {**same, "monitor_index": None, "window_name": None, "window_hwnd": 77},
    ]


def test_contract_another_rate_is_asked_for_while_it_runs(opened: Opened, package: ModuleType) -> None:
    source = opened()
    source.picture()
    source.worker.settings.capture = CaptureSettings(crop_black_bars=False, fps=100)
    source.picture()
    assert [asked["minimum_update_interval"] for asked in package.asked] == [16, 10]


def test_contract_an_older_windows_is_asked_for_less_and_it_is_said_once(
    opened: Opened, package: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    source = opened("windows10")
    source.picture()
    assert package.asked[-1]["draw_border"] is None
    assert package.asked[-1]["minimum_update_interval"] is None
    assert package.asked[-1]["cursor_capture"] is False
    source.worker.close()
    source.picture()
    said = [record.message for record in caplog.records if "this Windows" in record.message]
    assert said == [
        "this Windows does not know draw_border, so it draws a yellow border around what is captured",
        "this Windows does not know minimum_update_interval, so it gives more pictures than are used",
    ]


def test_contract_a_window_that_closes_is_looked_for(
    opened: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    source = opened(title="Some")
    source.until("ready")
    source.trouble("closed")
    source.until("away")
    assert "the window 'Some' was closed; looking for it" in caplog.text
    source.trouble()
    source.until("ready")
    source.picture()


def test_contract_a_window_that_is_not_there_yet_is_looked_for(
    opened: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    source = opened("closed", title="Some")
    source.until("away")
    assert "the window 'Some' cannot be captured: Failed to find a window with the name: Some" in caplog.text
    source.trouble()
    source.until("ready")


def test_contract_a_capture_that_ends_by_itself_is_begun_anew(opened: Opened) -> None:
    source = opened()
    source.until("ready")
    source.trouble("lost")
    source.until("away")
    source.trouble()
    source.until("ready")


def test_contract_a_picture_that_stands_still_is_published_once(opened: Opened) -> None:
    source = opened("still")
    source.picture()
    source.until_still()
    source.worker.again()
    assert source.step() is not None
    assert source.step() is None


def test_contract_a_new_size_is_the_picture_s_size(opened: Opened) -> None:
    source = opened(title="Some", region=(0, 0, 64, 48))
    assert source.picture().shape == (360, 640, 3), "the region is one of a monitor"
    source.trouble("larger")
    while source.picture().shape != (720, 1280, 3):
        pass


def test_contract_the_region_is_cut_out(opened: Opened) -> None:
    assert opened(region=(10, 10, 64, 48)).picture().shape == (48, 64, 3)


def test_contract_the_capture_ends_while_nobody_looks(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_pushed, "REST", 0.2)
    source = opened()
    source.picture()
    control = source.worker._control
    control.wait()
    source.picture()
    assert source.worker._control is not control
    assert source.told == ["ready", "ready"], "it was never lost"


def test_contract_an_hdr_monitor_comes_out_in_ordinary_colours(opened: Opened) -> None:
    source = opened(hdr=True, white=160)
    picture = source.picture()
    assert picture.shape == (360, 640, 3)
    assert np.median(picture) > 245, "its white is white"
    assert (picture == 0).any(), "and the bar is black"
    source.trouble("lost")
    source.told.clear()
    source.until("away")
    source.trouble()
    source.until("ready")


@pytest.mark.usefixtures("package")
def test_contract_slots_have_the_monitor_s_size() -> None:
    assert ScreenWindowsCapture.largest(settings(monitor=2)) == (360, 640)
    assert ScreenWindowsCapture.largest(settings(region=(0, 0, 100, 50))) == (50, 100)
    assert ScreenWindowsCapture.largest(settings(title="Some")) == GUESS
    with pytest.raises(ValueError, match="hdr: is for monitors"):
        ScreenWindowsCapture.largest(settings(title="Some", hdr=True))
    with pytest.raises(ValueError, match="no monitor 3"):
        ScreenWindowsCapture.largest(settings(monitor=3))


def test_contract_without_the_package_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "windows_capture", raising=False)
    with pytest.raises(ValueError, match="the package windows-capture is not installed"):
        ScreenWindowsCapture.largest(settings())
