#!/usr/bin/env python3
"""How many frames a second of a covered X11 window are captured, and how soon it is back when it was closed
and opened again.

On an X server of its own (Debian's xvfb) a window paints 60 new pictures a second under another window. Only
pictures that differ from the one before are published, and those are counted. The peer, in the same run: mss
reads the same part of the screen with nothing over it, as often as it can, and what differs is counted.
"""

import argparse
import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mss
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pipeline.graph import make_plan
from pipeline.pick import pick
from pipeline.settings import load
from pipeline.supervisor import Supervisor
from scripts.live_paths.painted_window import HEIGHT, TITLE, WIDTH

REPO = Path(__file__).resolve().parents[1]
FPS, WARM_UP, LEAST_FPS, MOST_SECONDS = 60, 3.0, 57.0, 2.0
SETTINGS = (
    *("capture.source=window_x11", f"window_x11.title={TITLE}", "capture.fps=60", "sinks=[null]"),
    *("capture.crop_black_bars=false", "depth.sync=latest", "depth.fps=5", "stereo.height=240"),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--seconds", type=float, default=20.0, help="of each (20)")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    logging.getLogger("stereoring").setLevel(logging.CRITICAL)
    with x_server():
        with painted():
            peer = count_with_mss(options.seconds)
        ours, back = watch_covered(options.seconds)
    report = {"covered_fps": ours, "mss_uncovered_fps": peer, "ratio": ours / peer, "back_after_s": back}
    report["passed"] = ours >= LEAST_FPS and back <= MOST_SECONDS
    print(json.dumps(report) if options.json else text_of(report))
    return 0


@contextmanager
def x_server() -> Iterator[None]:
    """DISPLAY names it meanwhile."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1920x1080x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    with os.fdopen(reading) as said:
        os.environ["DISPLAY"] = f":{int(said.readline())}"
    try:
        yield
    finally:
        server.terminate()
        server.wait()


@contextmanager
def painted(*more: str) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-m", "scripts.live_paths.painted_window", str(FPS), *more]
    process = subprocess.Popen(command, cwd=REPO, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def count_with_mss(seconds: float) -> float:
    """Distinct frames a second of the place where the window is."""
    place = {"left": 0, "top": 0, "width": WIDTH, "height": HEIGHT}
    before, count, begin = np.empty(0, np.uint8), 0, time.monotonic()
    with mss.MSS() as screen:
        while time.monotonic() - begin < seconds:
            pixels = np.frombuffer(screen.grab(place).raw, np.uint8)
            count += not np.array_equal(before, pixels)
            before = pixels
    return count / seconds


def watch_covered(seconds: float) -> tuple[float, float]:
    """(frames a second, seconds until the first frame after the window was opened again)."""
    with painted("covered") as first:
        settings, _ = pick(load(REPO / "settings.yaml", overrides=SETTINGS))
        watcher = Watcher(Supervisor(make_plan(settings), logging.CRITICAL), seconds, first)
        watcher.run()
    return watcher.fps, watcher.back_after


class Watcher:
    """Counts what the capture worker publishes; then closes the window and opens it again."""

    def __init__(self, supervisor: Supervisor, seconds: float, window: "subprocess.Popen[bytes]") -> None:
        self._supervisor, self._seconds, self._window = supervisor, seconds, window
        self._row = supervisor.workers["capture"].row
        self.fps = self.back_after = 0.0

    def run(self) -> None:
        steps = self._steps()
        self._supervisor.run(lambda: next(steps, None))

    def _steps(self) -> Iterator[None]:
        while self._published() == 0:
            yield
        yield from self._wait(WARM_UP)
        first, begin = self._published(), time.monotonic()
        yield from self._wait(self._seconds)
        self.fps = (self._published() - first) / (time.monotonic() - begin)
        self._window.kill()
        self._window.wait()
        yield from self._wait(2.0)
        closed = self._published()
        with painted("covered"):
            begin = time.monotonic()
            while self._published() == closed:
                yield
            self.back_after = time.monotonic() - begin
        self._supervisor.stop_requested = True

    def _wait(self, seconds: float) -> Iterator[None]:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            yield

    def _published(self) -> int:
        return int(self._supervisor.board.line(self._row).read().steps)


def text_of(report: dict[str, Any]) -> str:
    limits = f"at least {LEAST_FPS:g} of {FPS}, back in {MOST_SECONDS:g} s"
    return "\n".join(
        [
            f"a covered window     {report['covered_fps']:6.1f} distinct frames a second",
            f"mss, nothing over it {report['mss_uncovered_fps']:6.1f}",
            f"ours / mss: {report['ratio']:.2f}",
            f"opened again: back after {report['back_after_s']:.1f} s (looked at ten times a second)",
            f"{'pass' if report['passed'] else 'FAIL'}  {limits}",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
