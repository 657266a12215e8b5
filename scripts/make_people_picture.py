#!/usr/bin/env python3
"""Makes docs/people.jpg, somebody before the blurred room, a colour and a picture, and docs/pose.jpg, how he
stands, from the running program.

The person is drawn, by drawn_person.py; the rest are snapshots of the web sink, and `launcher.py cutout`
makes the last of the four of people.jpg.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.drawn_person import ALL_OF_IT, AS_IN_A_CALL, SQUATTING, WAVING, Eye, Posture, drawn
from scripts.make_picture import QUALITY, REPO, snapshot

DRAWN = (960, 540)
COLUMNS = 640  # of each in the pictures
Pixels = npt.NDArray[np.uint8]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--out", type=Path, default=REPO / "docs", metavar="FOLDER")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        frame = person(Path(folder) / "call.png", WAVING, AS_IN_A_CALL)
        scene = drawn_scene(Path(folder))
        kinds = (
            ["background.kind=blur", "background.blur_percent=3"],
            ["background.kind=colour"],
            ["background.kind=image", f"background.image={scene}"],
        )
        four = [*(before(frame, settings) for settings in kinds), overlay(frame, Path(folder))]
        postures = {"waving.png": WAVING, "squatting.png": SQUATTING}
        two = [pose(person(Path(folder) / name, its, ALL_OF_IT)) for name, its in postures.items()]
    rows = [np.hstack([fit(picture) for picture in four[at : at + 2]]) for at in (0, 2)]
    write(options.out / "people.jpg", np.vstack(rows))
    write(options.out / "pose.jpg", np.hstack([fit(picture) for picture in two]))
    return 0


def write(path: Path, picture: Pixels) -> None:
    path.write_bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes())
    print(path)


def person(path: Path, posture: Posture, eye: Eye) -> Path:
    cv2.imwrite(str(path), drawn(*DRAWN, posture, eye)[..., ::-1])
    return path


def pose(frame: Path) -> Pixels:
    """How somebody stands in it."""
    return snapshot(["job.kind=pose", "capture.source=image", f"image.path={frame}"])


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
