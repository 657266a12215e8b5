"""A still picture of any shape comes out of the end of the line, at once and whole."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.live.needs import needs
from tests.live.program import program

pytestmark = needs("model")


@pytest.mark.parametrize(
    ("rows", "columns", "shown"),
    [(300, 3000, [1688, 6000, 3]), (1600, 400, [1080, 3840, 3]), (2, 300, [172, 600, 3])],
    ids=["a panorama", "a telephone's screen", "a line"],
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
