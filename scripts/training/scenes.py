"""Scenes of many kinds, each different every time, that know their depth exactly.

KINDS are trained on; UNSEEN are kept for the evaluation and never trained on.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from scripts.training.raycast import BOX, CYLINDER, ELLIPSOID, ROOM, Light, View, render, shape
from scripts.training.textures import sky, textures

TEXTURES = 20

Picture = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Random = np.random.Generator
Point = tuple[float, float, float]


class Stage:
    """Shapes that are being put up, with a texture and a tint at random unless given."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.shapes: list[list[float]] = []

    def put(self, kind: int, centre: Point, half: Point, yaw: float = 0.0, **more: float) -> None:
        tint = np.clip(self.random.uniform(0.5, 1.15) + self.random.normal(0, 0.1, 3), 0.1, 1.4)
        look = {
            "texture": int(self.random.integers(TEXTURES)),
            "grain": float(np.exp(self.random.uniform(np.log(0.5), np.log(5)))),
            "glow": float(self.random.uniform(0.4, 1)) if self.random.random() < 0.03 else 0.0,
            **more,
        }
        self.shapes.append(shape(kind, centre, half, yaw, tint=tuple(tint), **look))  # type: ignore[arg-type]

    def box(
        self, x: float, y: float, z: float, sx: float, sy: float, sz: float, yaw: float = 0, **more: float
    ):
        """Stands with its bottom at y, `sy` high."""
        self.put(BOX, (x, y + sy / 2, z), (sx / 2, sy / 2, sz / 2), yaw, **more)

    def ball(self, x: float, y: float, z: float, sx: float, sy: float, sz: float, **more: float) -> None:
        self.put(ELLIPSOID, (x, y, z), (sx, sy, sz), **more)

    def post(self, x: float, y: float, z: float, radius: float, height: float, **more: float) -> None:
        self.put(CYLINDER, (x, y + height / 2, z), (radius, height / 2, radius), **more)

    def ground(self, **more: float) -> None:
        self.put(BOX, (0, -0.5, 0), (2000, 0.5, 2000), **more)

    def person(self, x: float, y: float, z: float, height: float) -> None:
        """Head, body, two arms and two legs, more or less."""
        random, h = self.random, height
        body, legs, skin = (int(random.integers(TEXTURES)) for _ in range(3))
        wide, stride = random.uniform(0.09, 0.14) * h, random.uniform(0.0, 0.1) * h
        self.ball(x, y + 0.92 * h, z, 0.06 * h, 0.08 * h, 0.07 * h, texture=skin, grain=1.0)
        self.ball(x, y + 0.66 * h, z, wide, 0.2 * h, 0.08 * h, texture=body, grain=0.6)
        for side in (-1, 1):
            swing = random.normal(0, 0.05) * h
            self.post(x + side * 0.05 * h, y, z + side * stride, 0.045 * h, 0.5 * h, texture=legs, grain=0.6)
            self.ball(
                x + side * (wide + 0.02 * h),
                y + 0.62 * h,
                z + swing,
                0.03 * h,
                0.18 * h,
                0.04 * h,
                texture=body,
            )

    def tree(self, x: float, y: float, z: float, height: float) -> None:
        trunk = height * self.random.uniform(0.03, 0.05)
        self.post(x, y, z, trunk, height * 0.6, grain=0.7)
        leaves = int(self.random.integers(TEXTURES))
        for _ in range(self.random.integers(1, 4)):
            dx, dy, dz = self.random.normal(0, 0.1, 3) * height
            r = height * self.random.uniform(0.15, 0.3)
            self.ball(x + dx, y + 0.72 * height + dy, z + dz, r, r * 0.9, r, texture=leaves, grain=0.8)

    def chair(self, x: float, z: float, yaw: float) -> None:
        """Also a table: a board on four legs, sometimes with a back."""
        random = self.random
        wide, deep, high = random.uniform(0.2, 0.9), random.uniform(0.2, 0.5), random.uniform(0.35, 0.8)
        wood = int(random.integers(TEXTURES))
        cos, sin = math.cos(yaw), math.sin(yaw)
        self.box(x, high, z, 2 * wide, 0.05, 2 * deep, yaw, texture=wood)
        for sx, sz in ((-1, -1), (-1, 1), (1, -1), (1, 1)):
            dx, dz = sx * wide * 0.92, sz * deep * 0.92
            self.box(x + dx * cos - dz * sin, 0, z + dz * cos + dx * sin, 0.06, high, 0.06, yaw, texture=wood)
        if random.random() < 0.5:
            dz = deep
            self.box(
                x - dz * sin, high, z + dz * cos, 2 * wide, random.uniform(0.3, 0.6), 0.05, yaw, texture=wood
            )


Made = tuple[Stage, View, Light]


def room(random: Random) -> Made:
    stage = Stage(random)
    wide, high, deep = random.uniform(2.5, 9), random.uniform(2.3, 4), random.uniform(3, 12)
    middle = deep / 2 - random.uniform(0.3, 1.5)
    look = random.integers(TEXTURES, size=3)
    stage.put(
        ROOM, (0, high / 2, middle), (wide / 2, high / 2, deep / 2), random.normal(0, 0.25), texture=look[0]
    )
    stage.box(0, -0.02, middle, 60, 0.03, 60, texture=look[1])
    if random.random() < 0.6:
        stage.box(0, high - 0.03, middle, 60, 0.03, 60, texture=look[2], grain=3.0)
    far = middle + deep / 2
    for _ in range(random.integers(0, 5)):  # cupboards, shelves and pictures along the walls
        x = random.uniform(-wide / 2, wide / 2)
        if random.random() < 0.5:
            x, z = random.choice([-1, 1]) * wide / 2, random.uniform(1, far)
            stage.box(x, random.choice([0, 0, 1.2]), z, 0.7, random.uniform(0.5, 2.2), random.uniform(0.5, 2))
        else:
            stage.box(
                x, random.choice([0, 0, 1.2]), far, random.uniform(0.5, 2), random.uniform(0.5, 2.2), 0.7
            )
    for _ in range(random.integers(1, 7)):
        stage.chair(
            random.uniform(-wide / 2, wide / 2), random.uniform(1.2, far - 0.3), random.uniform(0, 3.14)
        )
    for _ in range(random.integers(0, 6)):
        s = random.uniform(0.1, 0.5)
        x, z = random.uniform(-wide / 2, wide / 2), random.uniform(1, far)
        random.choice([stage.ball, stage.box])(x, s * random.uniform(0.5, 3), z, s, s, s)
    if random.random() < 0.35:
        stage.person(random.normal(0, wide / 5), 0, random.uniform(1.3, far), random.uniform(1.5, 1.9))
    eye = random.uniform(0.8, min(1.9, high - 0.3))
    view = View(
        (random.normal(0, wide / 8), eye, 0),
        random.normal(0.1, 0.15),
        random.normal(0, 0.04),
        random.uniform(0.5, 1.1),
    )
    lamp = (random.uniform(-wide / 3, wide / 3), high - 0.2, random.uniform(0.3, far))
    return stage, view, lamp_light(random, lamp)


def street(random: Random) -> Made:
    stage = Stage(random)
    stage.ground(grain=random.uniform(1, 6))
    half = random.uniform(3.5, 14)
    for side in (-1, 1):
        if random.random() < 0.8:
            stage.box(side * (half + 20), 0, 60, 40, random.uniform(0.05, 0.2), 400)  # pavement
        z = random.uniform(-5, 5)
        while z < 120 and random.random() < 0.95:
            long, high = random.uniform(5, 25), random.uniform(3, 25)
            back = half + random.uniform(1.5, 5)
            stage.box(side * (back + 10), 0, z + long / 2, 20, high, long, grain=random.uniform(2, 8))
            z += long + random.choice([0, 0, 3, 12])
        z = random.uniform(2, 15)
        while z < 80:
            if random.random() < 0.5:
                stage.post(side * (half + 0.5), 0, z, random.uniform(0.06, 0.15), random.uniform(2.5, 8))
            else:
                stage.tree(side * (half + 1), 0, z, random.uniform(3, 8))
            z += random.uniform(6, 25)
    for _ in range(random.integers(0, 8)):  # cars
        x, z, yaw = random.uniform(-half, half), random.uniform(5, 60), random.normal(0, 0.1)
        paint = int(random.integers(TEXTURES))
        stage.box(x, 0.3, z, 1.8, 0.7, 4.2, yaw, texture=paint, grain=4.0)
        stage.box(x, 1.0, z, 1.6, 0.5, 2.2, yaw, texture=paint, grain=4.0)
    for _ in range(random.integers(0, 6)):
        stage.person(
            random.uniform(-half - 2, half + 2), 0, random.uniform(2.5, 30), random.uniform(1.5, 1.9)
        )
    view = View(
        (random.normal(0, half / 4), random.uniform(1.2, 3.5), 0),
        random.normal(0.03, 0.08),
        random.normal(0, 0.03),
        random.uniform(0.5, 1.3),
    )
    return stage, view, sun_light(random)


def park(random: Random) -> Made:
    stage = Stage(random)
    stage.ground(grain=random.uniform(1, 5))
    for _ in range(random.integers(0, 6)):  # hills
        x, z, r = random.uniform(-300, 300), random.uniform(60, 500), random.uniform(40, 200)
        stage.ball(x, -0.1 * r, z, r, r * random.uniform(0.15, 0.5), r, grain=30.0)
    for _ in range(random.integers(2, 14)):
        z = np.exp(random.uniform(np.log(4), np.log(90)))
        stage.tree(random.uniform(-0.9, 0.9) * z, 0, z, random.uniform(2, 12))
    for _ in range(random.integers(0, 8)):  # rocks and bushes
        z, r = np.exp(random.uniform(np.log(2), np.log(40))), random.uniform(0.2, 1.5)
        stage.ball(random.uniform(-0.8, 0.8) * z, r * 0.2, z, r, r * random.uniform(0.4, 1), r)
    if random.random() < 0.4:
        z = random.uniform(4, 30)
        for i in range(random.integers(5, 16)):  # a fence
            stage.box(-10 + 1.5 * i, 0, z + 0.2 * i, 0.12, 1.1, 0.12, texture=0)
        stage.box(0, 0.8, z + 1.5, 24, 0.12, 0.06, 0.13, texture=0)
    for _ in range(random.integers(0, 4)):
        stage.person(random.normal(0, 3), 0, random.uniform(2, 20), random.uniform(1.2, 1.9))
    view = View(
        (0, random.uniform(0.5, 4), 0),
        random.normal(0.05, 0.1),
        random.normal(0, 0.03),
        random.uniform(0.5, 1.3),
    )
    return stage, view, sun_light(random)


def crowd(random: Random) -> Made:
    """People-like shapes, the nearest often cut off below, as in a film."""
    stage = Stage(random)
    stage.ground(grain=random.uniform(0.5, 3))
    back = random.uniform(4, 40)
    stage.box(random.normal(0, 2), 0, back + 2, 80, random.uniform(2, 12), 1, random.normal(0, 0.2))
    for _ in range(random.integers(1, 8)):
        z = np.exp(random.uniform(np.log(0.9), np.log(back)))
        stage.person(random.normal(0, 0.35) * z, 0, z, random.uniform(1.5, 1.95))
    for _ in range(random.integers(0, 5)):
        s = random.uniform(0.3, 1.5)
        stage.box(
            random.uniform(-4, 4),
            0,
            random.uniform(2, back),
            s,
            s * random.uniform(0.5, 2),
            s,
            random.uniform(0, 3),
        )
    view = View(
        (0, random.uniform(1.0, 1.8), 0),
        random.normal(0.03, 0.08),
        random.normal(0, 0.03),
        random.uniform(0.6, 1.5),
    )
    light = (
        sun_light(random)
        if random.random() < 0.6
        else lamp_light(random, (random.normal(0, 2), 3.0, random.uniform(0, 3)))
    )
    return stage, view, light


def table(random: Random) -> Made:
    """Things on a board, from near; behind it a wall or nothing much."""
    stage = Stage(random)
    stage.box(0, -0.1, 1, 4, 0.1, random.uniform(2, 6), random.normal(0, 0.1), grain=random.uniform(0.3, 2))
    if random.random() < 0.7:
        stage.box(0, -1, random.uniform(1.3, 4), 12, 6, 0.2, random.normal(0, 0.3))
    else:
        stage.put(BOX, (0, -1.3, 0), (50, 0.5, 50))
    for _ in range(random.integers(2, 16)):
        x, z, s = random.normal(0, 0.4), random.uniform(0.35, 1.8), random.uniform(0.02, 0.16)
        kind = random.integers(4)
        if kind == 0:
            stage.box(
                x,
                0,
                z,
                s * 2,
                s * random.uniform(0.5, 4),
                s * random.uniform(0.5, 3),
                random.uniform(0, 3),
                grain=0.3,
            )
        elif kind == 1:
            stage.ball(x, s, z, s, s, s, grain=0.3)
        elif kind == 2:
            stage.post(x, 0, z, s * 0.7, s * random.uniform(1, 5), grain=0.3)
        else:  # a plant
            stage.post(x, 0, z, s * 0.5, s, grain=0.3)
            leaves = int(random.integers(TEXTURES))
            for _ in range(5):
                dx, dy, dz = random.normal(0, 0.8, 3) * s
                stage.ball(
                    x + dx, 2.2 * s + dy, z + dz, s * 0.5, s * 0.35, s * 0.5, texture=leaves, grain=0.2
                )
    view = View(
        (random.normal(0, 0.1), random.uniform(0.12, 0.9), -random.uniform(0, 0.5)),
        random.uniform(0.0, 0.6),
        random.normal(0, 0.05),
        random.uniform(0.7, 1.5),
    )
    return (
        stage,
        view,
        lamp_light(random, (random.normal(0, 1), random.uniform(0.8, 2), random.uniform(-0.5, 1))),
    )


def arena(random: Random) -> Made:
    """Platforms, pillars and crates, as games have."""
    stage = Stage(random)
    stage.ground(grain=random.uniform(1, 6))
    size = random.uniform(10, 40)
    if random.random() < 0.7:
        stage.put(
            ROOM,
            (0, size / 4, size / 2),
            (size, size / 4 + 0.1, size),
            random.uniform(-0.5, 0.5),
            grain=random.uniform(2, 8),
        )
    for _ in range(random.integers(3, 14)):
        z = random.uniform(2, size * 1.3)
        x, yaw = random.uniform(-0.8, 0.8) * max(z, 3), random.choice([0, 0, random.uniform(0, 1.5)])
        sx, sy, sz = random.uniform(0.5, 6), random.uniform(0.3, 5), random.uniform(0.5, 6)
        stage.box(x, random.choice([0, 0, random.uniform(1, 5)]), z + sz / 2, sx, sy, sz, yaw)
    for _ in range(random.integers(0, 6)):
        z = random.uniform(3, size)
        stage.post(random.uniform(-0.7, 0.7) * z, 0, z, random.uniform(0.15, 1), random.uniform(2, 12))
    for _ in range(random.integers(0, 5)):
        stage.person(random.normal(0, 4), 0, random.uniform(2, size), random.uniform(1.5, 2.2))
    if random.random() < 0.4:  # something held in the hand, as in first-person games
        stage.put(
            BOX,
            (random.uniform(0.05, 0.3), 1.35, 0.6),
            (0.04, 0.06, 0.35),
            random.normal(-0.1, 0.1),
            grain=0.5,
        )
    view = View(
        (0, random.uniform(1.4, 5), 0),
        random.normal(0.08, 0.15),
        random.normal(0, 0.03),
        random.uniform(0.4, 0.9),
    )
    light = (
        sun_light(random)
        if random.random() < 0.6
        else lamp_light(random, (random.normal(0, 4), size / 2.5, random.uniform(2, size)))
    )
    return stage, view, light


def stairs(random: Random) -> Made:
    """Not trained on: flights of steps between two walls."""
    stage = Stage(random)
    stage.ground()
    wide, start, tread, rise = (
        random.uniform(1.5, 5),
        random.uniform(1, 4),
        random.uniform(0.28, 0.6),
        random.uniform(0.14, 0.22),
    )
    for i in range(random.integers(6, 18)):
        stage.box(0, 0, start + tread * (i + 0.5), wide, rise * (i + 1), tread, texture=1)
    for side in (-1, 1):
        stage.box(side * (wide / 2 + 0.2), 0, start + 4, 0.3, random.uniform(0.8, 4), 8)
    stage.box(0, 0, start + random.uniform(8, 16), 40, 12, 1)
    stage.person(random.normal(0, wide / 4), 0, random.uniform(1.2, start + 1), random.uniform(1.5, 1.9))
    view = View(
        (random.normal(0, 0.4), random.uniform(1.2, 2), 0),
        random.normal(-0.05, 0.1),
        random.normal(0, 0.03),
        random.uniform(0.5, 1.1),
    )
    return stage, view, sun_light(random)


def corridor(random: Random) -> Made:
    """Not trained on: a long passage with door frames and pipes."""
    stage = Stage(random)
    wide, high, deep = random.uniform(1.4, 4), random.uniform(2.2, 3.5), random.uniform(12, 50)
    stage.put(ROOM, (0, high / 2, deep / 2 - 1), (wide / 2, high / 2, deep / 2))
    stage.box(0, -0.02, 0, 50, 0.03, 200)
    step, depth = random.uniform(2, 6), random.uniform(0.1, 0.4)
    for i in range(int(min(deep / step, 10))):
        for side in (-1, 1):
            stage.box(side * wide / 2, 0, 2 + step * i, 2 * depth, high, 0.3, texture=2)
    for side in (-1, 1):
        if random.random() < 0.6:
            stage.box(side * (wide / 2 - 0.15), high * 0.75, deep / 2, 0.2, 0.2, deep, texture=3)
    stage.box(
        random.uniform(-wide / 2, wide / 2), 0, random.uniform(3, 10), 0.6, 0.8, 0.6, random.uniform(0, 2)
    )
    view = View(
        (random.normal(0, wide / 8), random.uniform(1, 1.8), 0),
        random.normal(0.02, 0.06),
        random.normal(0, 0.03),
        random.uniform(0.5, 1),
    )
    return stage, view, lamp_light(random, (0, high - 0.2, random.uniform(2, 8)))


def forest(random: Random) -> Made:
    """Not trained on: bare trunks on all distances."""
    stage = Stage(random)
    stage.ground(grain=2.0)
    bark = int(random.integers(TEXTURES))
    for _ in range(random.integers(25, 60)):
        z = np.exp(random.uniform(np.log(2), np.log(80)))
        stage.post(
            random.uniform(-0.8, 0.8) * z, 0, z, random.uniform(0.1, 0.5), random.uniform(8, 25), texture=bark
        )
    view = View(
        (0, random.uniform(1, 2), 0),
        random.normal(0.0, 0.08),
        random.normal(0, 0.03),
        random.uniform(0.6, 1.2),
    )
    return stage, view, sun_light(random)


def shelves(random: Random) -> Made:
    """Not trained on: rows of shelves with things, as in a shop or a library."""
    stage = Stage(random)
    stage.ground(grain=random.uniform(0.5, 2))
    half, wood = random.uniform(0.8, 2), int(random.integers(TEXTURES))
    for side in (-1, 1):
        x, long = side * (half + 0.3), random.uniform(5, 14)
        stage.box(x + side * 0.25, 0, 1 + long / 2, 0.05, 2.4, long, texture=wood)
        for level in range(4):
            y = 0.15 + 0.6 * level
            stage.box(x, y, 1 + long / 2, 0.5, 0.04, long, texture=wood)
            for _ in range(6):
                s = random.uniform(0.1, 0.4)
                stage.box(
                    x - side * 0.05,
                    y + 0.04,
                    random.uniform(1.2, 1 + long),
                    0.35,
                    s,
                    random.uniform(0.1, 0.6),
                )
    stage.box(0, 0, random.uniform(8, 18), 20, 4, 0.5)
    view = View(
        (random.normal(0, 0.2), random.uniform(1, 1.8), 0),
        random.normal(0.05, 0.08),
        random.normal(0, 0.03),
        random.uniform(0.5, 1),
    )
    return stage, view, lamp_light(random, (0, 2.8, random.uniform(2, 5)))


KINDS: dict[str, Callable[[Random], Made]] = {
    "room": room, "street": street, "park": park, "crowd": crowd, "table": table, "arena": arena,
}  # fmt: skip
UNSEEN: dict[str, Callable[[Random], Made]] = {
    "stairs": stairs, "corridor": corridor, "forest": forest, "shelves": shelves,
}  # fmt: skip


def make_scene(
    make: Callable[[Random], Made], random: Random, photos: Sequence[Picture], rows: int, columns: int
) -> tuple[Picture, Floats]:
    """uint8[h, w, 3] RGB and inverse depth float32[h, w], 1/m. Again until there is enough to see."""
    while True:
        stage, view, light = make(random)
        picture, inverse = render(
            np.asarray(stage.shapes, np.float32), view, light,
            textures(random, photos, TEXTURES), sky(random, photos, rows, columns),
        )  # fmt: skip
        spread = np.quantile(inverse, 0.98) - np.quantile(inverse, 0.02)
        if spread > 0.01 and picture.std() > 12 and inverse.max() < 8:
            return expose(random, picture), inverse


def expose(random: Random, picture: Picture) -> Picture:
    """As a camera does: to a middling brightness, within limits."""
    gain = np.clip(random.uniform(60, 145) / (picture.mean() + 1), 0.5, 3)
    return np.clip(picture * gain, 0, 255).astype(np.uint8)


def sun_light(random: Random) -> Light:
    direction = (random.normal(0, 1), random.uniform(0.3, 2), random.normal(-0.3, 1))
    fog = float(np.exp(random.uniform(np.log(30), np.log(3000))))
    grey = random.uniform(120, 230)
    fog_colour = (grey * 0.95, grey, grey * 1.05)
    return Light(
        direction,
        False,
        random.uniform(0.3, 1),
        random.uniform(0.25, 0.7),
        random.random() < 0.8,
        fog,
        fog_colour,
    )


def lamp_light(random: Random, place: Point) -> Light:
    strength = random.uniform(0.3, 1.2)
    return Light(place, True, strength, random.uniform(0.25, 0.6), random.random() < 0.7, 1e4, (0, 0, 0))
