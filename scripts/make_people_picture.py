#!/usr/bin/env python3
"""Makes people.jpg, an astronaut before the blurred room, a colour and a picture, and pose.jpg, how a speaker
stands, from the running program. They show people who are not ours, so they are not kept here.

Snapshots of the web sink; STEREORING_DATA has the frames, and `launcher.py cutout` makes the last of the four
of people.jpg.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.make_picture import QUALITY, REPO, snapshot

POSES = (10, 120)  # frames of the clip
COLUMNS = 640  # of each of the four
Pixels = npt.NDArray[np.uint8]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    options = parser.parse_args()
    if not os.environ.get("STEREORING_DATA"):
        sys.exit("STEREORING_DATA is not set: where are the pictures?")
    people = Path(os.environ["STEREORING_DATA"]) / "person"
    frame = people / "astronaut.png"
    with tempfile.TemporaryDirectory() as folder:
        scene = drawn_scene(Path(folder))
        kinds = (
            ["background.kind=blur", "background.blur_percent=3"],
            ["background.kind=colour"],
            ["background.kind=image", f"background.image={scene}"],
        )
        four = [*(before(frame, settings) for settings in kinds), overlay(frame, Path(folder))]
        two = [pose(people / "speaker_clip.mp4", at, Path(folder)) for at in POSES]
    rows = [np.hstack([fit(picture) for picture in four[at : at + 2]]) for at in (0, 2)]
    write(options.out / "people.jpg", np.vstack(rows))
    write(options.out / "pose.jpg", np.hstack([fit(picture) for picture in two]))
    return 0


def write(path: Path, picture: Pixels) -> None:
    path.write_bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes())
    print(path)


def pose(clip: Path, number: int, folder: Path) -> Pixels:
    """How somebody stands in this frame of a clip."""
    with av.open(str(clip)) as container:
        frame = next(islice(container.decode(video=0), number, None)).to_ndarray(format="bgr24")
    path = folder / f"{number}.png"
    cv2.imwrite(str(path), frame)
    return snapshot(["job.kind=pose", "capture.source=image", f"image.path={path}"])


def before(frame: Path, settings: list[str]) -> Pixels:
    """The person in it before another background."""
    source = ["job.kind=background", "capture.source=image", f"image.path={frame}"]
    return snapshot([*source, *settings])


def drawn_scene(folder: Path) -> Path:
    """The test scene, as a picture file."""
    scene = ["capture.source=scene", "scene.speed=0", "depth.model=true", "stereo.layout=rgb+depth"]
    both = snapshot(scene)
    path = folder / "scene.png"
    cv2.imwrite(str(path), both[:, : both.shape[1] // 2])
    return path


def overlay(frame: Path, folder: Path) -> Pixels:
    """As `launcher.py cutout` makes it."""
    command = [sys.executable, "launcher.py", "cutout", str(frame), "--out", str(folder)]
    subprocess.run(command, check=True, cwd=REPO)
    return np.asarray(cv2.imread(str(folder / f"{frame.stem}-overlay.png")), np.uint8)


def fit(picture: Pixels) -> Pixels:
    rows = round(picture.shape[0] * COLUMNS / picture.shape[1])
    return np.asarray(cv2.resize(picture, (COLUMNS, rows), interpolation=cv2.INTER_AREA), np.uint8)


if __name__ == "__main__":
    sys.exit(main())
