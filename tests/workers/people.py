"""The pictures of people, and what is true of them."""

import os
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from scripts.people_paths.judging import miou as miou

Pixels = npt.NDArray[np.uint8]
NAMES = ("cat", "coffee", "rocket")


def needs_people() -> pytest.MarkDecorator:
    """The networks and the pictures; where they are missing a test skips and says what."""
    missing = [name for name in ("STEREORING_MODELS", "STEREORING_DATA") if not os.environ.get(name)]
    return pytest.mark.skipif(bool(missing), reason=f"not set: {', '.join(missing)}")


def folder() -> Path:
    return Path(os.environ["STEREORING_DATA"]) / "person"


def composite(name: str) -> Pixels:
    """uint8[720, 1280, 3], RGB."""
    return read(folder() / "composites" / f"cutout_a_{name}.jpg")


def truth() -> Pixels:
    """uint8[720, 1280], the same for all of them."""
    path = folder() / "composites" / "cutout_a_alpha.png"
    return np.asarray(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), np.uint8)


def read(path: Path) -> Pixels:
    return np.asarray(cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB), np.uint8)  # type: ignore[call-overload]
