"""The window under a window manager that has its own mind about sizes."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.live.display import Display, Place
from tests.live.needs import needs
from tests.live.picture import Painter, is_in_stereo, save
from tests.live.program import program
from tests.live.window import Window
from tests.pipeline.running import REPO
from tests.shm.ring_processes import die_with_parent

pytestmark = needs("Xvfb", "xdotool", "model")
TILE = Place(100, 0, 1000, 700)


@contextmanager
def tiled(said: Path) -> Iterator[None]:
    """Every window gets TILE; what is asked for goes into the file."""
    place = [str(number) for number in vars(TILE).values()]
    with said.open("wb") as out:
        manager = subprocess.Popen(
            [sys.executable, "-m", "tests.live.tiler", *place],
            cwd=REPO,
            stdout=out,
            preexec_fn=die_with_parent,
        )
    try:
        while not said.read_text():
            time.sleep(0.05)
        yield
    finally:
        manager.kill()
        manager.wait()


def test_a_tile_s_size_is_accepted(display: Display, tmp_path: Path) -> None:
    path, said = tmp_path / "still.png", tmp_path / "asked"
    save(Painter().paint(5), path)
    settings = "capture.source=image", f"image.path={path}", "sinks=[window]"
    with tiled(said), program(tmp_path, *settings) as launcher:
        window = Window(display, launcher)
        window.until(lambda: is_in_stereo(window.picture[68:-69]), "the picture is in the middle of its tile")
        assert window.place == TILE
        asked = _asked(said)
        assert asked <= 4, "at the start it may ask"
        time.sleep(2)
        assert _asked(said) == asked, "and then it stays as it is"
        window.press("Tab")
        window.until(lambda: _asked(said) > asked, "another layout has another shape, which it asks for")
        window.until(lambda: is_in_stereo(window.picture[210:-210]), "full side by side")
        asked = _asked(said)
        time.sleep(2)
        assert _asked(said) == asked, "once"


def _asked(said: Path) -> int:
    return len(said.read_text().splitlines())
