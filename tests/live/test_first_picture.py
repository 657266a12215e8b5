"""The first picture may take a driver long, on a slow machine longer than a worker may be silent."""

from pathlib import Path

from tests.live.display import Display
from tests.live.needs import needs
from tests.live.program import environment, program

pytestmark = needs("Xvfb")


def test_the_window_asks_for_patience_while_its_driver_makes_programs(
    display: Display, tmp_path: Path
) -> None:
    settings = "capture.source=scene", "depth.model=true", "sinks=[window]", "stereo.where=sink"
    with (
        environment(MESA_SHADER_CACHE_DISABLE="true"),
        program(tmp_path, *settings) as launcher,
    ):
        launcher.until_up()
        launcher.until(lambda: launcher.worker("window")["busy"] == "preparing to draw", "it asks")
        launcher.until(lambda: launcher.worker("window")["busy"] == "", "it asks no more")
        launcher.until(lambda: (launcher.worker("window")["fps"] or 0) > 0, "it shows pictures")
        assert launcher.restarts()["window"] == 0
