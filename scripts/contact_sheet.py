#!/usr/bin/env python3
"""Pictures for the eye to judge: every layout, and edges close up, of the pictures in $STEREORING_DATA.

One sheet for each picture, in --out. Above: the picture, its depth from the network, and both views in all
layouts. Below: the places with the most torn edges, four times as large: the picture, the map as the network
gives it (enlarged smoothly) and along the edges, and a view made with the one and with the other; at last the
view in `fast`.
"""

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import onnxruntime

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.stereo_paths.pairs import Map, Picture, aloe, read
from workers.stereo import LAYOUTS, Settings
from workers.stereo._layout import lay_out, place
from workers.stereo._parallax import Parallax, parallax_for
from workers.stereo.compose import grey_of
from workers.stereo.warp import Quality, full_nearness, warp_views

COLUMNS, TILE = 4, (360, 640)  # of the sheet; rows and columns of a tile
CLOSE_UPS, CLOSE, TIMES = 3, (80, 106), 4
HEIGHT = 720
NETWORK = "depth/tcmonodepth_small_192x320.onnx"


class Subject(NamedTuple):
    """A picture uint8[H, W, 3] and its nearness float32[h, w]."""

    name: str
    frame: Picture
    nearness: Map


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder for the sheets")
    parser.add_argument("--strength", type=float, default=4.0, help="of the depth (4, twice the usual)")
    parser.add_argument("--only", default="", help="pictures with this in their names")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for subject in subjects():
        if options.only in subject.name:
            path = options.out / f"{subject.name}.png"
            cv2.imwrite(str(path), sheet(subject, options.strength)[..., ::-1])
            print(path)
    return 0


def subjects() -> Iterator[Subject]:
    """The screens and the portrait, with depth from the network; the real pair with its true depth."""
    folders = [os.environ.get(name) for name in ("STEREORING_DATA", "STEREORING_MODELS")]
    if None in folders:
        sys.exit("STEREORING_DATA and STEREORING_MODELS are not both set: where are pictures and models?")
    data, models = (Path(folder) for folder in folders if folder)
    network = onnxruntime.InferenceSession(str(models / NETWORK), providers=["CPUExecutionProvider"])
    for path in [*sorted((data / "screens").iterdir()), data / "person" / "astronaut.png"]:
        frame = fitted(read(path))
        yield Subject(path.stem, frame, nearness_from(network, frame))
    pair = aloe(data / "depth" / "aloe")
    frame = fitted(pair.left)
    small = cv2.resize(pair.disparity / pair.disparity.max(), (320, 276), interpolation=cv2.INTER_AREA)
    yield Subject("aloe", frame, np.asarray(small, np.float32))


def fitted(frame: Picture) -> Picture:
    width = round(frame.shape[1] * HEIGHT / frame.shape[0]) & ~1
    return np.asarray(cv2.resize(frame, (width, HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)


def nearness_from(network: Any, frame: Picture) -> Map:
    small = cv2.resize(frame, (320, 192), interpolation=cv2.INTER_AREA)
    batch = small.transpose(2, 0, 1)[None].astype(np.float32)
    (found,) = network.run(None, {network.get_inputs()[0].name: batch})
    low, high = np.percentile(found, (1.0, 99.5))
    return np.asarray(np.clip((found.reshape(192, 320) - low) / (high - low), 0, 1), np.float32)


def sheet(subject: Subject, strength: float) -> Picture:
    frame, nearness = subject.frame, subject.nearness
    parallax = parallax_for(Settings(strength=strength), frame.shape[1])
    tiles = [tile(frame, subject.name), tile(grey(nearness, frame), "depth, as the network says")]
    tiles += [tile(composed(frame, nearness, parallax, name), name) for name in LAYOUTS[:-2]]
    rows = [np.hstack(row) for row in in_rows(tiles)]
    smooth = np.asarray(cv2.resize(nearness, frame.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.float32)
    along = full_nearness(frame, nearness)
    for number, corner in enumerate(torn_places(along)):
        views = {
            "picture": frame,
            "map enlarged": grey(smooth, frame),
            "map along edges": grey(along, frame),
            "left eye, map enlarged": eye(frame, smooth, parallax, "best"),
            "left eye, along edges": eye(frame, nearness, parallax, "best"),
            "left eye, fast": eye(frame, nearness, parallax, "fast"),
        }
        close = [close_up(view, corner, f"{number}: {name}") for name, view in views.items()]
        rows.append(padded(np.hstack(close), rows[0].shape[1]))
    return np.vstack(rows)


def composed(frame: Picture, nearness: Map, parallax: Parallax, name: str) -> Picture:
    layout = lay_out(name, frame.shape[0], frame.shape[1], True)
    picture = np.zeros((layout.rows, layout.columns, 3), np.uint8)
    warp_views(frame, nearness, parallax, picture, layout)
    return picture


def eye(frame: Picture, nearness: Map, parallax: Parallax, quality: Quality) -> Picture:
    layout = lay_out("full-sbs", frame.shape[0], frame.shape[1], False)
    picture = np.zeros((layout.rows, layout.columns, 3), np.uint8)
    warp_views(frame, nearness, parallax, picture, layout, quality)
    return place(picture, layout.left_eye)


def grey(nearness: Map, frame: Picture) -> Picture:
    return np.repeat(grey_of(nearness, *frame.shape[:2])[..., None], 3, axis=2)


def torn_places(nearness: Map) -> Iterator[tuple[int, int]]:
    """Upper left corners of the places with the steepest edges, apart from each other."""
    steep = cv2.boxFilter(np.abs(np.diff(nearness, axis=1)) ** 2, -1, CLOSE[::-1])
    for _ in range(CLOSE_UPS):
        y, x = np.unravel_index(int(np.argmax(steep)), steep.shape)
        top = int(np.clip(y - CLOSE[0] // 2, 0, nearness.shape[0] - CLOSE[0]))
        left = int(np.clip(x - CLOSE[1] // 2, 0, nearness.shape[1] - CLOSE[1]))
        steep[max(0, top - CLOSE[0]) : top + 2 * CLOSE[0], max(0, left - CLOSE[1]) : left + 2 * CLOSE[1]] = 0
        yield top, left


def close_up(view: Picture, corner: tuple[int, int], label: str) -> Picture:
    part = view[corner[0] : corner[0] + CLOSE[0], corner[1] : corner[1] + CLOSE[1]]
    large = cv2.resize(part, None, fx=TIMES, fy=TIMES, interpolation=cv2.INTER_NEAREST)
    return labelled(np.asarray(large, np.uint8), label)


def tile(view: Picture, label: str) -> Picture:
    """Fitted into a tile, with a name."""
    scale = min(TILE[0] / view.shape[0], TILE[1] / view.shape[1])
    size = round(view.shape[1] * scale), round(view.shape[0] * scale)
    small = np.asarray(cv2.resize(view, size, interpolation=cv2.INTER_AREA), np.uint8)
    result = np.zeros((*TILE, 3), np.uint8)
    result[: small.shape[0], : small.shape[1]] = small
    return labelled(result, label)


def labelled(view: Picture, label: str) -> Picture:
    view[:22, : 12 + 9 * len(label)] = 0
    cv2.putText(view, label, (6, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1, cv2.LINE_AA)
    return view


def in_rows(tiles: list[Picture]) -> Iterator[list[Picture]]:
    tiles = tiles + [np.zeros((*TILE, 3), np.uint8)] * (-len(tiles) % COLUMNS)
    for first in range(0, len(tiles), COLUMNS):
        yield tiles[first : first + COLUMNS]


def padded(row: Picture, columns: int) -> Picture:
    result = np.zeros((row.shape[0], columns, 3), np.uint8)
    result[:, : row.shape[1]] = row
    return result


if __name__ == "__main__":
    sys.exit(main())
