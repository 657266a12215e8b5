"""A still picture of any shape comes out of the end of the line, at once and whole."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.live.display import Display
from tests.live.needs import needs
from tests.live.program import program
from tests.live.window import Window

pytestmark = needs("model", "Xvfb", "xdotool")


@pytest.mark.parametrize(
    ("rows", "columns", "shown"),
    [
        (300, 3000, [1688, 6000, 3]),
        (1600, 400, [1080, 3840, 3]),
        (1, 300, [172, 600, 3]),
        (300, 1, [300, 1072, 3]),
    ],
    ids=["a panorama", "a telephone's screen", "one row", "one column"],
)
def test_it_is_shown_with_its_bars(tmp_path: Path, rows: int, columns: int, shown: list[int]) -> None:
    path = tmp_path / "odd.png"
    cv2.imwrite(str(path), np.random.default_rng(1).integers(0, 256, (rows, columns, 3), dtype=np.uint8))
    settings = "capture.source=image", f"image.path={path}", "stereo.layout=full-sbs"
    with program(tmp_path, *settings) as launcher:
        launcher.until_up()
        launcher.until(lambda: launcher.ring("picture")["seq"] >= 1, "the picture is made")
        assert launcher.ring("picture")["shape"] == shown
        assert launcher.ring("picture")["generation"] == 1, "its slots were large enough"


@pytest.mark.parametrize(("rows", "columns"), [(1, 300), (300, 1)], ids=["one row", "one column"])
@pytest.mark.parametrize("fill", ["true", "false"])
def test_the_window_shows_the_smallest(
    display: Display, tmp_path: Path, rows: int, columns: int, fill: str
) -> None:
    path = tmp_path / "odd.png"
    cv2.imwrite(str(path), np.full((rows, columns, 3), 200, np.uint8))
    settings = "capture.source=image", f"image.path={path}", f"stereo.fill_16_9={fill}"
    with program(tmp_path, *settings, "sinks=[window]", "stereo.where=sink") as launcher:
        window = Window(display, launcher)
        window.until(lambda: window.picture.max() > 150, "it is shown")
        assert "restart" not in launcher.log
