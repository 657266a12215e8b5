"""The pictures of the evaluation, with depth that was measured or is exact. None of them was trained on."""

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from scripts.training.scenes import UNSEEN, make_scene
from shm.layout import RingSpec
from shm.lease import OpenSlot
from workers.capture.scene import Scene, Settings
from workers.worker import Host

ROWS, COLUMNS = 384, 640  # of what is drawn here
OF_EACH_KIND = 6
FARTHEST = 80.0  # m: beyond it, and in the sky, depth counts as unknown
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
ALOE_BASE, ALOE_FOCAL, ALOE_OFFSET = 0.16, 3740.0, 270.0  # m, px, px: Middlebury 2006, full size

Picture = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


class NoPicture(Exception):
    """A picture or its depth that is not there or cannot be read; says which."""


@dataclass(frozen=True)
class Subject:
    """uint8[h, w, 3] RGB, and depth float32[h', w'] of the same view in any unit: 0, infinite or NaN where it
    is unknown, None where nothing is known."""

    name: str
    picture: Picture
    depth: Floats | None


def measured(folder: Path) -> list[Subject]:
    """data/depth: one stereo pair with structured light, two views of a laser-scanned sculpture."""
    aloe, sculpture = folder / "aloe", folder / "sculpture"
    shift = read(aloe / "aloeGT.png", cv2.IMREAD_GRAYSCALE).astype(np.float32)
    depth = np.where(shift > 0, ALOE_FOCAL * ALOE_BASE / (shift + ALOE_OFFSET), np.nan).astype(np.float32)
    found = [Subject("aloe", rgb(aloe / "aloeL.jpg"), depth)]
    for number in (1, 2):
        depth = np.load(sculpture / f"sculpture_depth{number}.npy")
        found.append(Subject(f"sculpture{number}", rgb(sculpture / f"sculpture{number}.png"), depth))
    return found


def in_folder(folder: Path) -> list[Subject]:
    """NAME.png or .jpg with NAME_depth.npy."""
    found = []
    for file in sorted(folder.glob("*_depth.npy")):
        name = file.name.removesuffix("_depth.npy")
        pictures = [
            folder / f"{name}{suffix}" for suffix in SUFFIXES if (folder / f"{name}{suffix}").is_file()
        ]
        if not pictures:
            raise NoPicture(f"{file} has no picture beside it: {name}.png or {name}.jpg is missing")
        depth = np.squeeze(np.load(file)).astype(np.float32)
        if depth.ndim != 2:
            raise NoPicture(f"{file} is {depth.shape}, a depth map has rows and columns")
        found.append(Subject(name, rgb(pictures[0]), depth))
    if not found:
        raise NoPicture(f"{folder} has no NAME_depth.npy with a NAME.png or NAME.jpg")
    return found


def drawn() -> Iterator[Subject]:
    """Scenes of kinds that were not trained on, on surfaces without a photo in them; the same every time."""
    for number, (kind, make) in enumerate(UNSEEN.items()):
        for i in range(OF_EACH_KIND):
            picture, inverse = make_scene(make, np.random.default_rng([2, number, i]), [], ROWS, COLUMNS)
            with np.errstate(divide="ignore"):
                depth = 1 / inverse
            depth[depth > FARTHEST] = np.nan
            yield Subject(f"{kind}{i + 1}", picture, depth)
    yield from own_scene()


def own_scene() -> Iterator[Subject]:
    """The program's test scene at moments that lie apart."""
    scene = Settings(width=COLUMNS, height=ROWS, depth_scale=1, prerendered=OF_EACH_KIND)
    settings = SimpleNamespace(scene=scene, capture=SimpleNamespace(fps=1))
    host: Any = Host(lambda what, limit: nullcontext(), lambda kind, **what: None, 1)
    worker = Scene(settings, host)
    worker.open()
    for i in range(OF_EACH_KIND):
        frame, inverse = slot(ROWS * COLUMNS * 3), slot(ROWS * COLUMNS * 4)
        worker.process(frame, None, inverse)
        depth = 1 / inverse.view((ROWS, COLUMNS), np.float32)
        yield Subject(f"balls{i + 1}", frame.view((ROWS, COLUMNS, 3)).copy(), depth)


def slot(nbytes: int) -> OpenSlot:
    """One without a ring around it."""
    return OpenSlot(RingSpec("evaluation", 2, nbytes, ()), 0, memoryview(bytearray(nbytes)))


def without_truth(folder: Path) -> list[Subject]:
    """Pictures to look at."""
    files = [file for file in sorted(folder.iterdir()) if file.suffix in SUFFIXES]
    return [Subject(file.stem, rgb(file), None) for file in files]


def rgb(file: Path) -> Picture:
    return np.asarray(cv2.cvtColor(read(file, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB), np.uint8)


def read(file: Path, how: int) -> Picture:
    picture = cv2.imread(str(file), how)
    if picture is None:
        raise NoPicture(f"{file}: is not there or not a picture that OpenCV reads")
    return np.asarray(picture, np.uint8)
