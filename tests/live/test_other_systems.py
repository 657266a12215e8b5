"""Screens of other systems through the whole program: real launcher, processes and rings; what is not on this
system (the packages for Windows and macOS) is played by stand-ins."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.display import Display
from tests.live.needs import needs
from tests.live.program import environment
from tests.pipeline.running import copied_tree, launched

pytestmark = [needs("Xvfb"), pytest.mark.timeout(120)]
STAND_INS = Path(__file__).parents[1] / "stand_ins"
PATTERN = '''"""A camera that FFmpeg's pattern plays, while the file STAND_IN_TROUBLE is empty."""

import os
from pathlib import Path

from workers.capture import camera
from workers.capture._cameras import Camera, Opening


def opening(settings):
    if Path(os.environ["STAND_IN_TROUBLE"]).read_text():
        return Opening("/dev/video-gone", "v4l2", {})
    return Opening("testsrc2=size=320x180:rate=30:duration=3,realtime", "lavfi", {})


camera.opening = opening
camera.cameras = lambda: [Camera("pattern", "pattern")]


class Pattern(camera.Camera):
    shares = (*camera.Camera.shares, "camera")
'''
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


def test_a_camera_flows_is_lost_and_comes_back(trouble: Path, tmp_path: Path) -> None:
    trouble.write_text("")
    repo = copied_tree(tmp_path)
    (repo / "workers" / "capture" / "pattern.py").write_text(PATTERN)
    with launched(tmp_path, *QUICK, "capture.source=pattern", ready=False, repo=repo) as launcher:
        launcher.until_flowing()
        assert launcher.ring("frame")["shape"] == [180, 320, 3]
        trouble.write_text("gone")  # once the pattern has ended
        launcher.until_logged("has ended; trying again every second")
        launcher.until(lambda: launcher.ring("frame")["state"] == "away", "the picture is marked stale")
        trouble.write_text("")
        launcher.until(lambda: launcher.ring("frame")["state"] == "live", "it is back")
        launcher.until_flowing()
        assert launcher.restarts()["capture"] == 0
