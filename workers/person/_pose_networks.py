"""BlazePose's two networks: where a body is in a frame, and where its points are in a turned square."""

from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from workers.models import find_file
from workers.person._litert import opened
from workers.person._pose_models import DETECTOR, POSE_MODELS
from workers.person._pose_region import Pixels, Points, Region, region_of
from workers.person._prune import without_output

SEEN, CUT, CELLS = 224, 256, 64  # pixels of the detector's and the other's input; places of a heat map
STRIDES = ((8, 2), (16, 2), (32, 6))  # pixels between the detector's places, and how many boxes each has
SURE = 0.5
SAME = 0.3  # boxes that overlap so much are of the same body
MASK, WINDOW = 2, 3  # the output that nobody wants; cells around a point that place it
POINTS, AUXILIARY = 33, 2


class Found(NamedTuple):
    """Points in the square: x, y, z, visibility and presence of 33, and of two that say where it goes next;
    those in metres; how sure it is that there is a body at all."""

    points: Points
    auxiliary: Points
    world: Points
    score: float


class Detector:
    """`detector(frame)`: the square around the body that is surest, or None."""

    def __init__(self, threads: int) -> None:
        """Raises ModelError."""
        self._run = _Runtime(find_file(POSE_MODELS[DETECTOR]).read_bytes(), threads)
        self._anchors = _anchors()

    def __call__(self, frame: Pixels) -> Region | None:
        height, width = frame.shape[:2]
        side = max(height, width)
        whole = Region(width / 2, height / 2, side, 0.0).cut(frame, SEEN, cv2.BORDER_CONSTANT)
        raw, scores = self._run(whole, 1 / 127.5, -1)
        score = _sigmoid(scores[:, 0])
        best = int(score.argmax())
        if score[best] < SURE:
            return None
        values = raw.reshape(-1, 6, 2) / SEEN
        values[:, [0, 2, 3, 4, 5]] += self._anchors[:, None]
        alike = (score >= SURE) & (_overlap(values, values[best]) > SAME)
        hips, above = np.average(values[alike, 2:4], axis=0, weights=score[alike])
        edge = np.array([(side - width) / 2, (side - height) / 2], np.float32)
        return region_of(hips * side - edge, above * side - edge)


class Landmarks:
    """`landmarks(frame, region)`: the points of the body in it."""

    def __init__(self, name: str, threads: int) -> None:
        """Raises ModelError."""
        model = find_file(POSE_MODELS[name]).read_bytes()
        self._run = _Runtime(without_output(model, MASK), threads)

    def __call__(self, frame: Pixels, region: Region) -> Found:
        raw, score, heat, world = self._run(region.cut(frame, CUT), 1 / 255, 0)
        points = raw.reshape(-1, 5)[: POINTS + AUXILIARY].copy()
        points[:, :3] /= CUT
        points[:, 3:] = _sigmoid(points[:, 3:])
        _refine(points, heat)
        world = world.reshape(-1, 3)[:POINTS].copy()
        return Found(points[:POINTS], points[POINTS:], world, float(score[0]))


class _Runtime:
    def __init__(self, model: bytes, threads: int) -> None:
        self._interpreter = opened(model, threads)
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._outputs = [output["index"] for output in self._interpreter.get_output_details()]

    def __call__(self, pixels: Pixels, scale: float, offset: float) -> list[Any]:
        given = self._interpreter.tensor(self._input)()[0]
        np.multiply(pixels, np.float32(scale), out=given)
        given += np.float32(offset)
        del given  # a view into its memory, which must be gone when it runs
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index)[0] for index in self._outputs]


def _anchors() -> Points:
    """The places that the detector's answers are relative to, float32[2254, 2], 0…1."""
    found = []
    for stride, boxes in STRIDES:
        at = (np.arange(SEEN // stride, dtype=np.float32) + 0.5) / (SEEN // stride)
        x, y = np.meshgrid(at, at)
        found.append(np.repeat(np.stack([x.ravel(), y.ravel()], axis=1), boxes, axis=0))
    return np.concatenate(found)


def _overlap(values: Points, one: Points) -> npt.NDArray[np.float32]:
    """Of all boxes (middle and size) with one: their common area over that of both."""
    low = np.maximum(values[:, 0] - values[:, 1] / 2, one[0] - one[1] / 2)
    high = np.minimum(values[:, 0] + values[:, 1] / 2, one[0] + one[1] / 2)
    common = np.prod(np.maximum(high - low, 0), axis=1)
    both = np.prod(values[:, 1], axis=1) + np.prod(one[1]) - common
    return np.asarray(common / np.maximum(both, 1e-9), np.float32)


def _refine(points: Points, heat: npt.NDArray[np.float32]) -> None:
    """Each point moves to the middle of what its heat map [64, 64, n] has around it, if that is sure."""
    for k, point in enumerate(points):
        column, row = int(point[0] * CELLS), int(point[1] * CELLS)
        if not (0 <= column < CELLS and 0 <= row < CELLS):
            continue
        top, left = max(0, row - WINDOW), max(0, column - WINDOW)
        around = _sigmoid(heat[top : row + WINDOW + 1, left : column + WINDOW + 1, k])
        if around.max() < SURE:
            continue
        total = around.sum()
        point[0] = (around.sum(axis=0) @ np.arange(left, left + around.shape[1])) / total / CELLS
        point[1] = (around.sum(axis=1) @ np.arange(top, top + around.shape[0])) / total / CELLS


def _sigmoid(values: Any) -> Any:
    return 0.5 + 0.5 * np.tanh(0.5 * values)
