"""The pictures of people, and how well a mask fits what is true of them."""

import os
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

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


def miou(mask: npt.NDArray[np.float32], true: Pixels) -> float:
    """Mean of how person and background overlap, at the size of the truth."""
    found = cv2.resize(mask, true.shape[::-1]) > 0.5
    person = true > 127
    inside = (found & person).sum() / (found | person).sum()
    outside = (~found & ~person).sum() / (~found | ~person).sum()
    return float((inside + outside) / 2)
