"""People before another background in the window's own shader, on a real X server."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from scripts.stereo_paths.scores import psnr
from tests.live.display import Display
from tests.live.needs import needs
from tests.live.window import Window
from tests.pipeline.running import launched
from tests.workers.people import composite, folder, needs_people
from workers.person._behind import Plain, colour_of
from workers.person._composite import composite as put_before
from workers.person._masks import Masks
from workers.person._networks import Network
from workers.person.background import Settings

pytestmark = [needs("Xvfb"), needs_people(), pytest.mark.timeout(90)]
ALIKE = 40.0  # dB
SETTINGS = """
job: {{kind: background}}
sinks: [window]
capture: {{source: image, crop_black_bars: false}}
image: {{path: {picture}}}
background: {{where: sink, kind: colour}}
"""


def test_the_window_makes_the_picture_itself_and_it_is_the_processor_s(tmp_path: Path) -> None:
    frame = composite("rocket")
    expected = np.empty_like(frame)
    mask = Masks(Network("selfie-landscape", 1))(frame)
    put_before(frame, mask, Plain(colour_of("#00b140")), Settings(), expected)  # type: ignore[arg-type]
    file = tmp_path / "mine.yaml"
    file.write_text(SETTINGS.format(picture=folder() / "composites" / "cutout_a_rocket.jpg"))
    with (
        Display.in_use(1940, 1100) as display,
        launched(tmp_path, file=file, ready=False) as launcher,
    ):
        launcher.until_running("capture", "segment", "window")
        assert set(launcher.pids()) == {"capture", "segment", "window"}, "nobody else composes"
        window = Window(display, launcher)
        window.until(lambda: window.picture[:40, :40].std(axis=(0, 1)).max() < 1, "the background is plain")
        window.resize(1280, 720)
        window.until(lambda: window.picture.shape == expected.shape, "it is as large as the frame")
        window.until(lambda: psnr(window.picture, expected) > ALIKE, "it is the same picture")
    assert cv2.absdiff(expected, frame).mean() > 5
