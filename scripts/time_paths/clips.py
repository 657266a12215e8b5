"""Clips whose depth is known exactly: textured discs before a textured wall, small frames as the network sees
them, and what a depth network says of them: the truth, at an unsteady scale, with smooth noise."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

ROWS, COLUMNS = 192, 320
Picture = npt.NDArray[np.uint8]
Map = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Disc:
    """Centre at frame 0 and radius in pixels, speed in pixels a frame, inverse depth 0…1."""

    x: float
    y: float
    radius: float
    speed: tuple[float, float]
    nearness: float
    seed: int


@dataclass(frozen=True)
class Clip:
    """Discs, far to near, before a wall that moves by `pan` pixels a frame; it is farther away at the top."""

    discs: tuple[Disc, ...]
    pan: float = 0.0
    seed: int = 1

    def frame(self, number: int) -> tuple[Picture, Map]:
        """uint8[ROWS, COLUMNS, 3] RGB and its true nearness, float32[ROWS, COLUMNS]."""
        picture = _shifted(_texture(self.seed), self.pan * number)
        depth = np.repeat(np.linspace(0.05, 0.35, ROWS, dtype=np.float32)[:, None], COLUMNS, axis=1)
        y, x = np.mgrid[:ROWS, :COLUMNS].astype(np.float32)
        for disc in self.discs:
            dx, dy = disc.x + disc.speed[0] * number, disc.y + disc.speed[1] * number
            inside = (x - dx) ** 2 + (y - dy) ** 2 < disc.radius**2
            skin = _shifted(_texture(disc.seed), dx, dy)
            picture[inside], depth[inside] = skin[inside], disc.nearness
        return picture, depth


STATIC = Clip((Disc(90, 100, 40, (0, 0), 0.6, 2), Disc(220, 110, 50, (0, 0), 0.9, 3)))
CROSSING = Clip((Disc(-30, 96, 34, (4, 0), 0.9, 3),))
MOVING = Clip(
    (
        Disc(40, 60, 26, (2.5, 0.5), 0.5, 2),
        Disc(250, 120, 40, (-1.5, -0.4), 0.8, 3),
        Disc(120, 150, 30, (1.0, -0.8), 1.0, 4),
    ),
    pan=-1.0,
)
OTHER = Clip((Disc(160, 90, 60, (0, 0), 0.7, 6),), seed=7)


def said_by_a_network(truth: Map, number: int, noise: float = 0.025) -> Map:
    """At another scale in each frame, and off by smooth noise: 2.5 % of the range from frame to frame, which
    is what small networks do."""
    random = np.random.default_rng([9, number])
    rough = random.normal(0, 1, (ROWS // 16, COLUMNS // 16)).astype(np.float32)
    smooth = cv2.resize(rough, (COLUMNS, ROWS), interpolation=cv2.INTER_CUBIC)
    scale, shift = 10 * random.normal(1, 0.01), random.normal(0, 0.05)
    return np.asarray(scale * (truth + noise * smooth) + shift + 1, np.float32)


def play(clip: Clip, frames: int, first: int = 0) -> Iterator[tuple[Picture, Map]]:
    for number in range(first, first + frames):
        yield clip.frame(number)


def _texture(seed: int) -> Picture:
    """Blotches and grain, uint8[ROWS, COLUMNS, 3], that can be shifted round."""
    random = np.random.default_rng(seed)
    base = random.integers(60, 200, 3)
    total = np.zeros((ROWS, COLUMNS, 3), np.float32) + base
    for cell, strength in ((32, 35), (8, 25), (3, 12)):
        rough = random.normal(0, strength, (ROWS // cell + 1, COLUMNS // cell + 1, 3)).astype(np.float32)
        total += cv2.resize(rough, (COLUMNS, ROWS), interpolation=cv2.INTER_CUBIC)
    return np.clip(total, 0, 255).astype(np.uint8)


def _shifted(texture: Picture, dx: float, dy: float = 0.0) -> Picture:
    move = np.float32([[1, 0, dx], [0, 1, dy]])
    return np.asarray(
        cv2.warpAffine(texture, move, (COLUMNS, ROWS), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP),
        np.uint8,
    )
