"""A monitor that gets another resolution while it is captured, on a real X server."""

import math
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.live.display import Display
from tests.live.needs import needs
from tests.workers.pushed import Watched
from workers.capture import Settings as CaptureSettings
from workers.capture import screen_mss
from workers.capture.screen_mss import ScreenMss, Settings
from workers.depth import Settings as DepthSettings

pytestmark = [needs("Xvfb"), pytest.mark.timeout(60)]


def test_contract_a_monitor_s_new_resolution_is_the_picture_s(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    capture = CaptureSettings(crop_black_bars=False)
    settings = SimpleNamespace(screen_mss=Settings(), capture=capture, depth=DepthSettings())
    monkeypatch.setattr(screen_mss, "LOOK_AGAIN", 0.1)
    monkeypatch.setattr(screen_mss, "refresh_rate", lambda left, top: math.inf)
    source = Watched(lambda host: ScreenMss(settings, host), tmp_path / "trouble")
    with Display.started(800, 600) as display:
        display.resize(640, 480)
        monkeypatch.setenv("DISPLAY", display.name)
        source.open()
        assert source.picture().shape == (480, 640, 3)
        display.resize(800, 600)
        assert source.picture().shape == (600, 800, 3)
        source.worker.close()
