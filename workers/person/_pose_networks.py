"""BlazePose's two networks: where a body is in a frame, and where its points are in a turned square."""

from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from workers.models import find_file
from workers.person._litert import opened
from workers.person._pose_kernels import refine
from workers.person._pose_models import DETECTOR, POSE_MODELS
from workers.person._pose_region import Pixels, Points, Region, Size, region_of
from workers.person._prune import without_output

SEEN, CUT = 224, 256  # pixels of the detector's and the other's input
STRIDES = ((8, 2), (16, 2), (32, 6))  # pixels between the detector's places, and how many boxes each has
SURE = 0.5
SAME = 0.3  # boxes that overlap so much are of the same body
MASK = 2  # the output that nobody wants
POINTS, AUXILIARY = 33, 2
F = np.float32


class Found(NamedTuple):
    """Points 0…1 in the frame: x, y, z, visibility and presence of 33, and of two that say where it goes
    next; those in metres; how sure it is that there is a body at all."""

    points: Points
    auxiliary: Points
    world: Points
    score: float


class Detector:
    """`detector(frame)`: the squares around bodies, the surest first."""

    def __init__(self, threads: int) -> None:
        """Raises ModelError."""
        model = find_file(POSE_MODELS[DETECTOR]).read_bytes()
        self._run = _Runtime(model, threads, 2 / 255, -1)
        self._anchors = _anchors()

    def __call__(self, frame: Pixels) -> list[Region]:
        size = Size.of(frame)
        raw, scores = self._run(Region.whole(size).cut(frame, SEEN, cv2.BORDER_CONSTANT))
        score = _sigmoid(scores[:, 0])
        sure = np.flatnonzero(score >= SURE)
        sure = sure[np.argsort(-score[sure], kind="stable")]
        values, score = raw[sure].reshape(-1, 6, 2) / F(SEEN), score[sure]
        values[:, [0, 2, 3, 4, 5]] += self._anchors[sure, None]
        found = []
        while len(values):
            alike = _overlap(values, values[0]) > SAME
            alike[0] = True  # also where it has no area
            found.append(_body(values[alike], score[alike], size))
            values, score = values[~alike], score[~alike]
        return found


class Landmarks:
    """`landmarks(frame, region)`: the points of the body in it."""

    def __init__(self, name: str, threads: int) -> None:
        """Raises ModelError."""
        model = find_file(POSE_MODELS[name]).read_bytes()
        self._run = _Runtime(without_output(model, MASK), threads, 1 / 255, 0)

    def __call__(self, frame: Pixels, region: Region) -> Found:
        raw, score, heat, world = self._run(region.cut(frame, CUT))
        points = raw.reshape(-1, 5)[: POINTS + AUXILIARY].copy()
        points[:, :3] /= CUT
        points[:, 3:] = _sigmoid(points[:, 3:])
        refine(points, heat)
        points = region.to_frame(points, Size.of(frame))
        world = region.turned(world.reshape(-1, 3)[:POINTS])
        return Found(points[:POINTS], points[POINTS:], world, float(score[0]))


class _Runtime:
    """A network that takes pixels as pixel · scale + offset, rounded once."""

    def __init__(self, model: bytes, threads: int, scale: float, offset: float) -> None:
        self._interpreter = opened(model, threads)
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._outputs = [output["index"] for output in self._interpreter.get_output_details()]
        self._values = (np.arange(256) * float(F(scale)) + offset).astype(F)

    def __call__(self, pixels: Pixels) -> list[Any]:
        given = self._interpreter.tensor(self._input)()[0]
        cv2.LUT(pixels, self._values, given)
        del given  # a view into its memory, which must be gone when it runs
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index)[0] for index in self._outputs]


def _body(values: Points, score: Points, size: Size) -> Region:
    """Of boxes of the same body, from the surest on: the square around the mean of their points."""
    total, points = F(0), np.zeros((2, 2), F)
    for one, weight in zip(values[:, 2:4], score, strict=True):
        total, points = total + weight, points + one * weight
    side = max(size)
    left, top = F((side - size.width) / 2 / side), F((side - size.height) / 2 / side)
    hips, above = (points / total - [left, top]) / (F(1) - np.array([left + left, top + top], F))
    return region_of(hips, above, size).with_room(size)


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


def _sigmoid(values: Any) -> Any:
    return F(1) / (F(1) + np.exp(-np.clip(values, -80, None).astype(float)).astype(F))
