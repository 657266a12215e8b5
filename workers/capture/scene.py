"""A moving test scene that knows its true depth: for demos, tests and measurements without a screen.

Balls drift before a chequered floor under an evening sky. Each frame carries a time code: its number, or the
time itself, for those who measure how old it is where they see it.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Le

from shm.lease import OpenSlot
from workers.capture._frames import bytes_with_bars, shrink
from workers.capture._time_code import BITS, draw_time_code
from workers.worker import Worker

HORIZON = 0.45  # of the height
TICKS = 10_000  # of the clock in a second
FAR = 0.02  # inverse depth of the sky, 1/m
NEAR_FLOOR = 0.5  # inverse depth of the floor at the bottom edge, 1/m


Painted = tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]  # a picture and its inverse depth


@dataclass(frozen=True)
class Settings:
    """Size of the picture, how much smaller its depth map is, and what moves in it."""

    width: Annotated[int, Ge(160), Le(7680)] = 1280
    height: Annotated[int, Ge(120), Le(4320)] = 720
    depth_scale: Annotated[int, Ge(1), Le(8)] = 4
    balls: Annotated[int, Ge(0), Le(64)] = 6
    speed: Annotated[float, Ge(0), Le(10), "live"] = 1.0
    prerendered: Annotated[int, Ge(0), Le(1000)] = 0
    clock: bool = False


@dataclass(frozen=True)
class Ball:
    """A shaded disc. Centre and orbit in parts of the picture's size, `period` in seconds."""

    inverse_depth: float
    x: float
    y: float
    sway: float
    bounce: float
    period: float
    phase: float
    picture: npt.NDArray[np.uint8]
    mask: npt.NDArray[np.bool_]


class Scene(Worker):
    """Frames and their true inverse depth, at `capture.fps`."""

    writes = {"frame": "RGB"}
    offers = {"small": "RGB", "depth": "1/m"}
    shares = ("depth",)

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.number, self._due, self._angle, self._last = 0, 0.0, 0.0, 0.0

    @classmethod
    def sizes(cls, settings: SimpleNamespace, rings: Mapping[str, int]) -> dict[str, int]:
        scene = settings.scene
        rows, columns = map_size(scene)
        return {
            "frame": scene.height * scene.width * 3,
            "frame with bars": bytes_with_bars(scene.height, scene.width),
            "small": settings.depth.height * settings.depth.width * 3,
            "depth": rows * columns * 4,
        }

    def open(self) -> None:
        scene = self.settings.scene
        self._backdrop = paint_backdrop(scene.height, scene.width)
        self._backdrop_depth = backdrop_depth(*map_size(scene))
        self._balls = make_balls(scene.balls, scene.height)
        self._film = self._prerender() if scene.prerendered else []
        self._due = self._last = time.perf_counter()

    def due(self) -> float:
        return self._due

    def process(self, frame: OpenSlot, small: OpenSlot | None, depth: OpenSlot | None) -> int:
        scene, now = self.settings.scene, time.perf_counter()
        self._angle += (now - self._last) * scene.speed
        self._last = now
        self._due = max(self._due + 1 / self.settings.capture.fps, now - 0.1)  # never a burst after a pause
        picture = frame.view(self._backdrop.shape)
        inverse_depth = depth.view(self._backdrop_depth.shape, np.float32) if depth is not None else None
        if self._film:
            self._play(picture, inverse_depth)
        else:
            self._paint(picture, inverse_depth, scene.depth_scale)
        draw_time_code(picture, int(now * TICKS) % (1 << BITS) if scene.clock else self.number)
        if small is not None:
            size = self.settings.depth
            shrink(picture, small.view((size.height, size.width, 3)))
        self.number += 1
        return int(now * 1e9)

    def _prerender(self) -> list[Painted]:
        """Frames painted before the start: what costs next to nothing later does not disturb a measurement
        of the rest."""
        film = []
        for number in range(self.settings.scene.prerendered):
            self._angle = number * self.settings.scene.speed / self.settings.capture.fps
            painted = np.empty_like(self._backdrop), np.empty_like(self._backdrop_depth)
            self._paint(*painted, self.settings.scene.depth_scale)
            film.append(painted)
        return film

    def _play(self, picture: npt.NDArray[np.uint8], inverse_depth: npt.NDArray[np.float32] | None) -> None:
        """The next frame of the film, which runs to and fro."""
        there_and_back = max(1, 2 * len(self._film) - 2)
        place = self.number % there_and_back
        painted, painted_depth = self._film[min(place, there_and_back - place)]
        np.copyto(picture, painted)
        if inverse_depth is not None:
            np.copyto(inverse_depth, painted_depth)

    def _paint(
        self, picture: npt.NDArray[np.uint8], inverse_depth: npt.NDArray[np.float32] | None, scale: int
    ) -> None:
        np.copyto(picture, self._backdrop)
        if inverse_depth is not None:
            np.copyto(inverse_depth, self._backdrop_depth)
        height, width = picture.shape[:2]
        for ball in self._balls:  # the far ones first
            turn = 2 * np.pi * (self._angle / ball.period + ball.phase)
            x = int((ball.x + ball.sway * np.sin(turn)) * width)
            y = int((ball.y - ball.bounce * abs(np.sin(1.7 * turn))) * height)
            paste(picture, ball.picture, ball.mask, x, y)
            if inverse_depth is None:
                continue
            small = ball.mask[scale // 2 :: scale, scale // 2 :: scale]
            colour = np.broadcast_to(np.float32(ball.inverse_depth), small.shape)
            paste(inverse_depth, colour, small, x // scale, y // scale)


def map_size(scene: Settings) -> tuple[int, int]:
    """Rows and columns of the depth map."""
    return scene.height // scene.depth_scale, scene.width // scene.depth_scale


def paint_backdrop(height: int, width: int) -> npt.NDArray[np.uint8]:
    """Sky and floor, uint8[H, W, 3]."""
    rows = (np.arange(height) / height)[:, None]
    sky = (
        np.array([70, 95, 160])
        + (np.array([250, 190, 140]) - np.array([70, 95, 160])) * np.minimum(rows / HORIZON, 1) ** 2
    )
    inverse = np.maximum(floor_depth(rows), 1e-3)
    across = (np.arange(width) / width - 0.5)[None, :] / inverse * 2
    chequer = (np.floor(across) + np.floor(1.2 / inverse)) % 2
    haze = np.clip(inverse / NEAR_FLOOR * 2, 0, 1)
    floor = 90 + (chequer - 0.5) * 70 * haze
    picture = np.repeat(sky[:, None, :], width, axis=1)
    below = rows[:, 0] > HORIZON
    picture[below] = floor[below][..., None] * np.array([0.95, 0.9, 1.1])
    return picture.astype(np.uint8)


def floor_depth(rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Inverse depth of the floor at these heights (0 top … 1 bottom); a plane's falls off linearly."""
    return (rows - HORIZON) / (1 - HORIZON) * NEAR_FLOOR


def backdrop_depth(height: int, width: int) -> npt.NDArray[np.float32]:
    """Inverse depth of sky and floor, float32[H, W], 1/m."""
    rows = (np.arange(height) + 0.5)[:, None] / height
    return np.broadcast_to(np.maximum(floor_depth(rows), FAR), (height, width)).astype(np.float32)


def make_balls(count: int, height: int) -> list[Ball]:
    """Balls of different colours and depths, the far ones first; the same ones every time."""
    random = np.random.default_rng(7)
    balls = []
    for i in range(count):
        inverse_depth = 0.12 + 0.75 * (i + 0.5) / count
        radius = max(3, int(height * 0.22 * inverse_depth))
        ground = HORIZON + min(inverse_depth, NEAR_FLOOR) / NEAR_FLOOR * (1 - HORIZON)
        balls.append(
            Ball(
                inverse_depth=inverse_depth,
                x=float(random.uniform(0.25, 0.75)),
                y=min(0.95, ground) - radius / height,
                sway=float(random.uniform(0.2, 0.4)),
                bounce=float(random.uniform(0.05, 0.3)),
                period=float(random.uniform(4, 9)),
                phase=float(random.uniform(0, 1)),
                picture=shade_ball(radius, random.uniform(0.35, 1.0, 3)),
                mask=disc(radius),
            )
        )
    return balls


def disc(radius: int) -> npt.NDArray[np.bool_]:
    """True inside a circle, bool[2r+1, 2r+1]."""
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    return np.asarray(x * x + y * y <= radius * radius)


def shade_ball(radius: int, colour: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
    """A ball lit from the upper left, uint8[2r+1, 2r+1, 3]."""
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1] / radius
    z = np.sqrt(np.maximum(0, 1 - x * x - y * y))
    light = np.clip(0.25 + 0.75 * (-0.5 * x - 0.6 * y + 0.62 * z), 0, 1)
    gloss = np.clip(-0.45 * x - 0.55 * y + 0.70 * z, 0, 1) ** 24
    return np.asarray(np.clip(light[..., None] * colour * 235 + gloss[..., None] * 120, 0, 255), np.uint8)


def paste(
    target: npt.NDArray[Any], stamp: npt.NDArray[Any], mask: npt.NDArray[np.bool_], x: int, y: int
) -> None:
    """Put a stamp with its centre at (x, y) into the target where the mask is set; clipped at the borders."""
    rows, columns = mask.shape
    top, left = y - rows // 2, x - columns // 2
    y0, x0 = max(0, top), max(0, left)
    y1, x1 = min(target.shape[0], top + rows), min(target.shape[1], left + columns)
    if y0 < y1 and x0 < x1:
        inside = np.s_[y0 - top : y1 - top, x0 - left : x1 - left]
        np.copyto(
            target[y0:y1, x0:x1],
            stamp[inside],
            where=mask[inside][..., None] if target.ndim == 3 else mask[inside],
        )
