"""Photos with the teacher's opinion of their depth, its soft edges drawn along those of the colours."""

import os
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

HELD_OUT = 20  # one photo of so many is for validation, and in no training picture
STEP = 0.06  # of the range: less than this across a window is no edge
CONTRAST = 10.0  # how hard a soft edge becomes
COLOUR_WEIGHT = 3.0  # what the colours say of an edge, against where the teacher put it
WINDOWS = (13, 9)  # px, a large one first

Picture = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


def load_photos() -> tuple[list[Picture], list[Picture]]:
    """RGB uint8[h, w, 3] of STEREORING_DATA/photos: to train on, and held out."""
    folder = Path(os.environ.get("STEREORING_DATA") or ".") / "photos"
    files = sorted(folder.glob("*.jpg")) + sorted(folder.glob("*.png"))
    if not files:
        raise SystemExit(
            f"there are no photos in {folder}: let STEREORING_DATA name the folder that has photos/"
        )
    pictures = [cv2.cvtColor(read(file), cv2.COLOR_BGR2RGB) for file in files]
    held_out = range(7, len(files), HELD_OUT)
    return [pictures[i] for i in range(len(files)) if i not in held_out], [pictures[i] for i in held_out]


def read(file: Path) -> Picture:
    picture = cv2.imread(str(file), cv2.IMREAD_COLOR)
    if picture is None:
        raise SystemExit(f"{file}: is not a picture that OpenCV reads; take it out of the folder")
    return picture


def sharpen(inverse: Floats, picture: Picture) -> Floats:
    """Depth float32[h, w] in 0…1 with edges as narrow as those of the picture uint8[h, w, 3].

    In a window around an edge there are two surfaces, the nearest and the farthest depth in it. Each pixel
    goes to the one that it is closer to, in depth and in colour: two-means clustering whose first guess is
    the soft edge, with box means instead of loops.
    """
    colours = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB).astype(np.float32) / 40
    for window in WINDOWS:
        inverse = _sharpen_once(inverse, colours, window)
    return inverse


def _sharpen_once(inverse: Floats, colours: Floats, window: int) -> Floats:
    kernel = np.ones((window, window), np.uint8)
    far, near = cv2.erode(inverse, kernel), cv2.dilate(inverse, kernel)
    step = near - far
    belongs = np.clip((inverse - far) / np.maximum(step, 1e-4), 0, 1)
    to_near, to_far = (
        ((colours - _local_mean(colours, weight, window)) ** 2).sum(axis=2)
        for weight in (belongs**2, (1 - belongs) ** 2)
    )
    says_colour = np.clip(to_far - to_near, -1.5, 1.5) / 1.5
    certain = CONTRAST * (belongs - 0.5) + COLOUR_WEIGHT * says_colour
    chosen = far + step / (1 + np.exp(-certain))
    is_edge = np.clip((step - STEP) / STEP, 0, 1)
    return np.asarray(inverse + (chosen - inverse) * is_edge, np.float32)


def _local_mean(colours: Floats, weight: Floats, window: int) -> Floats:
    size = (window, window)
    total = cv2.boxFilter(weight, -1, size, normalize=False)[..., None] + 1e-3
    return np.asarray(cv2.boxFilter(colours * weight[..., None], -1, size, normalize=False) / total)
