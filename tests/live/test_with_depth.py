"""`stereo.where: with_depth`: depth, steady and stereo in one process, and the picture is the same."""

from pathlib import Path

from tests.live.display import Display
from tests.live.needs import needs
from tests.live.picture import film
from tests.live.program import program
from tests.live.window import Window

pytestmark = needs("Xvfb", "xdotool", "model")


def test_one_process_makes_depth_and_both_views(display: Display, tmp_path: Path) -> None:
    path = film(tmp_path / "moving.mp4")
    settings = "capture.source=video", f"video.path={path}", "sinks=[window]", "stereo.where=with_depth"
    with program(tmp_path, *settings) as launcher:
        window = Window(display, launcher)
        window.until_in_stereo()
        assert "3 workers" in launcher.log, "capture, depth with steady and stereo, window"
        window.press("Tab")
        window.until(lambda: window.aspect > 3, "its settings change live: full side by side")
