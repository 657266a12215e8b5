#!/usr/bin/env python3
"""Makes docs/live.jpg: what goes in and what comes out, from the running program and nowhere else.

Above: the frame and its depth (layout rgb+depth); below: the two views (layout full-sbs). Both are snapshots
of the web sink, of the test scene standing still. With --image FILE of a picture instead.
"""

import argparse
import sys
import urllib.request
from pathlib import Path
from urllib.error import URLError

import cv2
import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.bench_live import all_run, free_port
from scripts.soaking.launching import Launched, private_runtime, until

REPO = Path(__file__).resolve().parents[1]
COLUMNS, QUALITY = 1280, 88


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--image", help="a picture file instead of the test scene")
    parser.add_argument("--out", type=Path, default=REPO / "docs" / "live.jpg")
    options = parser.parse_args()
    source = ["capture.source=scene", "scene.speed=0", "scene.width=1280", "scene.height=720"]
    if options.image:
        source = ["capture.source=image", f"image.path={options.image}"]
    above, below = (snapshot([*source, f"stereo.layout={layout}"]) for layout in ("rgb+depth", "full-sbs"))
    both = np.vstack([fit(above), fit(below)])
    options.out.parent.mkdir(exist_ok=True)
    options.out.write_bytes(cv2.imencode(".jpg", both, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes())
    print(f"{options.out}: {both.shape[1]} x {both.shape[0]}")
    return 0


def snapshot(settings: list[str]) -> npt.NDArray[np.uint8]:
    """uint8[H, W, 3], BGR."""
    port = free_port()
    chosen = [*settings, "sinks=[web]", f"web.port={port}", "stereo.strength=3"]
    with (
        private_runtime() as folder,
        Launched(folder, ["launcher.py", *(f"--set={setting}" for setting in chosen)]) as launcher,
    ):
        observer = launcher.observer()
        until(lambda: all_run(observer), "all workers run", 60.0)
        jpeg = until(lambda: fetch(f"http://127.0.0.1:{port}/snapshot.jpg"), "there is a picture", 20.0)
        observer.close()
        launcher.stop()
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), np.uint8)


def fetch(address: str) -> bytes | None:
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            return bytes(answer.read())
    except URLError:  # no picture yet
        return None


def fit(picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    rows = round(picture.shape[0] * COLUMNS / picture.shape[1])
    return np.asarray(cv2.resize(picture, (COLUMNS, rows), interpolation=cv2.INTER_AREA), np.uint8)


if __name__ == "__main__":
    sys.exit(main())
