"""Screens of other systems through the whole program: real launcher, processes and rings; what is not on this
system (the packages for Windows and macOS) is played by stand-ins."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.display import Display
from tests.live.needs import needs
from tests.live.program import environment
from tests.pipeline.running import launched

pytestmark = [needs("Xvfb"), pytest.mark.timeout(120)]
STAND_INS = Path(__file__).parents[1] / "stand_ins"
QUICK = (
    "sinks=[null]",
    "capture.crop_black_bars=false",
    "stereo.layout=half-sbs",
    "capture.fps=15",
    "depth.model=built-in",
)


@pytest.fixture
def trouble(tmp_path: Path, display: Display) -> Iterator[Path]:
    """The file that gives the stand-in trouble."""
    file = tmp_path / "trouble"
    with environment(PYTHONPATH=str(STAND_INS), STAND_IN_TROUBLE=str(file)):
        yield file


@pytest.mark.parametrize("source", ["screen_dxcam", "screen_windows_capture", "screen_macos"])
def test_a_screen_of_another_system_flows_is_lost_and_comes_back(
    source: str, trouble: Path, tmp_path: Path
) -> None:
    trouble.write_text("lost")
    with launched(tmp_path, *QUICK, f"capture.source={source}", ready=False) as launcher:
        launcher.until_up()
        launcher.until(lambda: launcher.ring("frame")["state"] == "away", "it is told that it is not there")
        trouble.write_text("")
        launcher.until_flowing()
        trouble.write_text("lost")
        launcher.until(lambda: launcher.ring("frame")["state"] == "away", "the picture is marked stale")
        trouble.write_text("")
        launcher.until(lambda: launcher.ring("frame")["state"] == "live", "it is back")
        launcher.until_flowing()
        assert launcher.restarts()["capture"] == 0
