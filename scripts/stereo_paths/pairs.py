"""Stereo pairs whose disparity is known: the left view and its disparity make a right view, to be compared
with the true one."""

from pathlib import Path
from typing import NamedTuple
from zipfile import ZipFile

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
Map = npt.NDArray[np.float32]
UNKNOWN = 0  # in the file of a disparity map
FINE = 3  # times as large as it is in the end


class Pair(NamedTuple):
    """Views uint8[H, W, 3], RGB; disparity float32[H, W] in pixels of the left view, known everywhere; `fair`
    bool[H, W], the pixels of the right view that are judged."""

    name: str
    left: Picture
    right: Picture
    disparity: Map
    fair: npt.NDArray[np.bool_]


def aloe(folder: Path) -> Pair:
    """Middlebury 2006, from a folder with aloeL.jpg, aloeR.jpg and aloeGT.png; two real photographs."""
    left, right, truth = (read(folder / name) for name in ("aloeL.jpg", "aloeR.jpg", "aloeGT.png"))
    known = truth[..., 0] != UNKNOWN
    disparity = filled(truth[..., 0].astype(np.float32), known)
    return Pair("aloe", left, right, disparity, fair_pixels(disparity, known))


def motorcycle(wheel: Path) -> Pair:
    """Middlebury 2014 at a quarter of its size, from the scikit-image wheels that had it inside (0.16)."""
    with ZipFile(wheel) as files:
        left, right = (
            _decoded(files.read(f"skimage/data/motorcycle_{side}.png"), str(wheel))
            for side in ("left", "right")
        )
        with files.open("skimage/data/motorcycle_disp.npz") as file, np.load(file) as arrays:
            (truth,) = arrays.values()
    known = np.isfinite(truth)
    disparity = filled(np.where(known, truth, 0).astype(np.float32), known)
    return Pair("motorcycle", left, right, disparity, fair_pixels(disparity, known))


def made(name: str, photos: list[Path]) -> Pair:
    """Discs and bars cut out of photographs before another one: made, so that the right view is known to the
    last pixel, what the left one does not see included. Painted larger and shrunk, so that outlines are as
    soft as a camera's."""
    back, *layers = (cv2.resize(read(path), (FINE * 640, FINE * 400)) for path in photos)
    left, right = back, np.roll(back, -4 * FINE, axis=1)
    disparity = np.full(left.shape[:2], 4, np.float32)
    y, x = np.mgrid[: left.shape[0], : left.shape[1]] / FINE
    for number, layer in enumerate(layers):
        shift, middle, reach = 9 + 7 * number, 150 + 170 * number, 60 + 15 * number
        shape = np.hypot(x - middle, y - 200) < reach
        shape |= (abs(x - middle + 40) < 5 + 2 * number) & (y > 200)
        left, disparity = np.where(shape[..., None], layer, left), np.where(shape, shift, disparity)
        moved, layer_moved = (np.roll(array, -shift * FINE, axis=1) for array in (shape, layer))
        right = np.where(moved[..., None], layer_moved, right)
    views = (cv2.resize(view, (640, 400), interpolation=cv2.INTER_AREA) for view in (left, right))
    middle_of_each = disparity[FINE // 2 :: FINE, FINE // 2 :: FINE].astype(np.float32)
    known = np.ones(middle_of_each.shape, np.bool_)
    return Pair(name, *views, middle_of_each, fair_pixels(middle_of_each, known))  # type: ignore[arg-type]


def read(path: Path) -> Picture:
    """uint8[H, W, 3], RGB."""
    try:
        return _decoded(path.read_bytes(), str(path))
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{path}: there is no such picture; set STEREORING_DATA to where they are"
        ) from None


def _decoded(data: bytes, name: str) -> Picture:
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise ValueError(f"{name}: OpenCV cannot read it")
    return np.ascontiguousarray(picture[..., ::-1], np.uint8)


def filled(disparity: Map, known: npt.NDArray[np.bool_]) -> Map:
    """Unknown stretches of a row get the smaller of the disparities at their ends: what a matcher cannot see
    in both views is mostly background."""
    columns = np.arange(disparity.shape[1])
    result = disparity.copy()
    for row, sure in zip(result, known, strict=True):
        (places,) = np.nonzero(sure)
        if places.size:
            after = np.searchsorted(places, columns)
            left = row[places[np.maximum(after - 1, 0)]]
            right = row[places[np.minimum(after, places.size - 1)]]
            left, right = np.where(after == 0, right, left), np.where(after == places.size, left, right)
            row[:] = np.where(sure, row, np.minimum(left, right))
    return result


def fair_pixels(disparity: Map, known: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """All pixels of the right view, but for those whose disparity nobody knows and those that look past the
    left view's right border. Holes, where the left view sees nothing, count."""
    height, width = disparity.shape
    nearest, sure = np.full((height, width), -1.0, np.float32), np.ones((height, width), np.bool_)
    for x in range(width):
        landed = np.rint(x - disparity[:, x]).astype(int)
        rows = np.flatnonzero((landed >= 0) & (landed < width))
        rows = rows[disparity[rows, x] > nearest[rows, landed[rows]]]
        nearest[rows, landed[rows]] = disparity[rows, x]
        sure[rows, landed[rows]] = known[rows, x]
    last = width - 1 - np.argmax(nearest[:, ::-1] >= 0, axis=1)
    return np.asarray(sure & (np.arange(width) <= last[:, None]), np.bool_)
