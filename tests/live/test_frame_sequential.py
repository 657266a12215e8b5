"""Where the eyes take turns by refreshes of the monitor, each refresh is the other eye's."""

import subprocess
import sys

from tests.live.display import Display
from tests.live.needs import needs
from tests.pipeline.running import REPO, WATCHDOG

pytestmark = needs("Xvfb")


def test_whenever_frames_come_each_refresh_shows_the_other_eye(display: Display) -> None:
    """Shutter glasses go on, whatever comes: where a refresh shows the same eye again both are swapped."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.live.alternating"],
        cwd=REPO,
        capture_output=True,
        text=True,
        check=False,
        timeout=WATCHDOG,
    )
    assert done.returncode == 0, done.stderr
    seen = done.stdout.strip()
    assert len(seen) >= 14
    assert "ll" not in seen, seen
    assert "rr" not in seen, seen
