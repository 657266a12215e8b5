"""Somebody in a room, drawn here: a person for pictures that may be kept and shown.

Round cones and ellipsoids, melted into each other where they meet (signed distances and the smooth minimum of
Inigo Quilez, iquilezles.org/articles/distfunctions), seen by stepping along each pixel's ray as far as
nothing can be. Metres; y is up, z comes nearer.
"""

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]


def at(*numbers: float) -> Values:
    return np.array(numbers, np.float32)


def colour(*rgb: float) -> Values:
    return at(*rgb) / 255


SKIN, HAIR, LIPS = colour(224, 172, 140), colour(58, 38, 28), colour(176, 92, 86)
SHIRT, TROUSERS, SHOES = colour(176, 52, 48), colour(52, 62, 92), colour(40, 36, 34)
WHITE, PUPIL = colour(235, 232, 228), colour(40, 28, 24)
WALL, FRAME, SKY = colour(206, 198, 184), colour(240, 238, 232), colour(170, 205, 235)
SHELF, FLOOR = colour(120, 84, 56), colour(150, 110, 76)
LIGHTS = ((at(-0.5, 0.7, 0.8), 0.62), (at(0.9, 0.2, 0.4), 0.18))
AMBIENT, GAMMA, GRAIN = 0.38, 1 / 1.25, 0.008
HEAD = at(0, 1.66, 0.02)
LEFT, RIGHT = 1.0, -1.0
STEPS, NEAR_ENOUGH, FIRST, LAST = 64, 0.0012, 0.8, 4.6  # metres from the eye
FINER = 2  # as many pixels each way are drawn for one
BACK_WALL = -1.6


class Limbs(NamedTuple):
    """Elbow and wrist, knee and ankle of one side, in metres."""

    elbow: Values
    wrist: Values
    knee: Values
    ankle: Values


class Posture(NamedTuple):
    """`lower`: how far everything from the hips up is below where it is when somebody stands."""

    left: Limbs
    right: Limbs
    lower: float = 0.0


class Eye(NamedTuple):
    place: Values
    looks_at: Values
    degrees: float = 36.0  # from the upper to the lower border


class Part(NamedTuple):
    """A round cone; `melts` is how far from another part it begins to run into it."""

    begin: Values
    end: Values
    radii: tuple[float, float]
    colour: Values
    melts: float


WAVING = Posture(
    Limbs(at(0.42, 1.28, 0.08), at(0.47, 1.55, 0.16), at(0.14, 0.5, 0.04), at(0.16, 0.08, 0)),
    Limbs(at(-0.36, 1.17, 0.05), at(-0.30, 0.93, 0.17), at(-0.15, 0.5, 0.03), at(-0.18, 0.08, -0.02)),
)
SQUATTING = Posture(
    Limbs(at(0.30, 1.03, 0.22), at(0.16, 1.06, 0.44), at(0.30, 0.52, 0.30), at(0.22, 0.08, 0)),
    Limbs(at(-0.30, 1.03, 0.22), at(-0.16, 1.06, 0.44), at(-0.30, 0.52, 0.30), at(-0.22, 0.08, 0)),
    lower=0.33,
)
ALL_OF_IT = Eye(at(0, 1.25, 3.0), at(0, 0.98, 0), 38.0)
AS_IN_A_CALL = Eye(at(0, 1.5, 1.75), at(0.06, 1.38, 0))


def drawn(columns: int, rows: int, posture: Posture, eye: Eye) -> Pixels:
    """uint8[rows, columns, 3], RGB. The same each time."""
    rays = _rays(columns * FINER, rows * FINER, eye)
    picture = _room(rays, eye)
    sharpness = 1.1 * FINER * columns / 640
    picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), sharpness), np.float32)
    figure = _Figure(posture)
    there, places = _hit(figure, rays, eye)
    picture[there] = _lit(figure, places)
    small = cv2.resize(np.clip(picture, 0, 1), (columns, rows), interpolation=cv2.INTER_AREA) ** GAMMA
    grain = np.random.default_rng(1).normal(0, GRAIN, small.shape)
    return np.asarray(np.clip(small + grain, 0, 1) * 255, np.uint8)


class _Figure:
    def __init__(self, posture: Posture) -> None:
        self._parts, self._head = [*_body(posture)], HEAD - at(0, posture.lower, 0)

    def distance(self, places: Values) -> Values:
        """[n, 3] → [n] metres to the nearest of it, less than 0 inside."""
        return self._measured(places)[0]

    def colours(self, places: Values) -> Values:
        """Of the part that is nearest, [n, 3]."""
        return self._measured(places)[1]

    def _measured(self, places: Values) -> tuple[Values, Values]:
        nearest = np.full(len(places), 9, np.float32)
        colours = np.zeros_like(places)
        for distance, its, melts in self._all(places):
            colours[distance < nearest] = its
            share = np.clip(0.5 + 0.5 * (nearest - distance) / melts, 0, 1)
            nearest = nearest * (1 - share) + distance * share - melts * share * (1 - share)
        return nearest, colours

    def _all(self, places: Values) -> "list[tuple[Values, Values, float]]":
        cones = [
            (_cone(places, part.begin, part.end, part.radii), part.colour, part.melts) for part in self._parts
        ]
        return cones + _face(places - self._head)


def _body(posture: Posture) -> "list[Part]":
    low = at(0, posture.lower, 0)
    lean = at(0, 0, 0.5 * posture.lower)

    def trunk(begin: Values, end: Values, radii: tuple[float, float], its: Values, melts: float) -> Part:
        return Part(begin - low, end - low - lean, radii, its, melts)

    parts = [
        trunk(at(-0.10, 1.40, 0), at(0.10, 1.40, 0) + lean, (0.075, 0.075), SHIRT, 0.05),
        trunk(at(0, 1.36, 0), at(0, 1.0, 0), (0.135, 0.115), SHIRT, 0.06),
        trunk(at(-0.07, 1.32, 0), at(-0.06, 1.0, 0), (0.11, 0.10), SHIRT, 0.05),
        trunk(at(0.07, 1.32, 0), at(0.06, 1.0, 0), (0.11, 0.10), SHIRT, 0.05),
        Part(at(-0.07, 0.96, 0) - low - lean, at(0.07, 0.96, 0) - low - lean, (0.115, 0.115), TROUSERS, 0.04),
        trunk(at(0, 1.42, 0), at(0, 1.55, 0.01) + lean, (0.055, 0.052), SKIN, 0.015),
    ]
    for side, limbs in ((LEFT, posture.left), (RIGHT, posture.right)):
        hip = at(0.11 * side, 0.95, 0) - low - lean
        parts += _leg(hip, limbs, side) + _arm(at(0.19 * side, 1.42, 0) - low, limbs, side)
    return parts


def _leg(hip: Values, limbs: Limbs, side: float) -> list[Part]:
    heel, toe = limbs.ankle + at(0, -0.03, -0.03), limbs.ankle + at(0.02 * side, -0.045, 0.14)
    return [
        Part(hip, limbs.knee, (0.095, 0.065), TROUSERS, 0.03),
        Part(limbs.knee, limbs.ankle, (0.062, 0.05), TROUSERS, 0.02),
        Part(heel, toe, (0.045, 0.035), SHOES, 0.01),
    ]


def _arm(shoulder: Values, limbs: Limbs, side: float) -> list[Part]:
    lower = limbs.wrist - limbs.elbow
    cuff, along = limbs.elbow + 0.25 * lower, lower / np.linalg.norm(lower)
    across = np.cross(along, at(0, 0, 1))
    across /= np.linalg.norm(across)
    palm = limbs.wrist + 0.07 * along
    parts = [
        Part(shoulder, limbs.elbow, (0.062, 0.048), SHIRT, 0.04),
        Part(limbs.elbow, cuff, (0.048, 0.045), SHIRT, 0.02),
        Part(cuff, limbs.wrist, (0.038, 0.028), SKIN, 0.01),
        Part(limbs.wrist, palm, (0.03, 0.04), SKIN, 0.02),
    ]
    for number, aside in enumerate((-0.03, -0.01, 0.01, 0.03)):
        knuckle = palm + 0.01 * along + aside * across
        length = 0.075 - 0.012 * abs(number - 1.5)
        parts.append(
            Part(knuckle, knuckle + length * along + 0.3 * aside * across, (0.011, 0.009), SKIN, 0.005)
        )
    inwards = -across if (across[0] > 0) == (side == LEFT) else across
    thumb = limbs.wrist + 0.03 * along
    tip = thumb + 0.055 * along + 0.065 * inwards
    parts.append(Part(thumb + 0.02 * inwards, tip, (0.013, 0.010), SKIN, 0.01))
    return parts


def _face(places: Values) -> "list[tuple[Values, Values, float]]":
    """`places` from the middle of the head."""
    found = [
        (_ellipsoid(places, at(0.078, 0.105, 0.095)), SKIN, 0.02),
        (_ellipsoid(places - at(0, -0.05, 0.015), at(0.062, 0.07, 0.075)), SKIN, 0.03),
        (_cone(places, at(0, 0.02, 0.088), at(0, -0.018, 0.106), (0.010, 0.015)), SKIN, 0.012),
    ]
    for side in (LEFT, RIGHT):
        eye, brow = at(0.031 * side, 0.018, 0), at(0.018 * side, 0.045, 0.088)
        lips, corner = at(0, -0.056, 0.089), at(0.026 * side, -0.049, 0.087)
        found += [
            (_ellipsoid(places - at(0.079 * side, -0.005, 0), at(0.012, 0.03, 0.02)), SKIN, 0.008),
            (_ellipsoid(places - eye - at(0, 0, 0.082), at(0.015, 0.009, 0.012)), WHITE, 0.002),
            (_ellipsoid(places - eye - at(0, 0, 0.091), at(0.007, 0.007, 0.006)), PUPIL, 0.001),
            (_cone(places, brow, brow + at(0.028 * side, -0.002, -0.010), (0.004, 0.003)), HAIR, 0.003),
            (_cone(places, lips, corner, (0.006, 0.004)), LIPS, 0.004),
        ]
    hair = _ellipsoid(places - at(0, 0.018, -0.008), at(0.088, 0.112, 0.102))
    over_the_ears = 0.02 + 0.5 * np.maximum(0, places[:, 2]) - places[:, 1]
    behind_the_brow = places[:, 2] - 0.055 - (places[:, 1] - 0.055) * 1.2
    hair = np.maximum.reduce([hair, over_the_ears, behind_the_brow])
    return [*found, (hair, HAIR, 0.006)]


def _cone(places: Values, begin: Values, end: Values, radii: tuple[float, float]) -> Values:
    way = end - begin
    share = np.clip((places - begin) @ way / (way @ way), 0, 1)
    distance = np.linalg.norm(places - begin - share[:, None] * way, axis=1)
    return np.asarray(distance - radii[0] - (radii[1] - radii[0]) * share, np.float32)


def _ellipsoid(places: Values, radii: Values) -> Values:
    """Nearly the distance."""
    scaled = np.linalg.norm(places / radii, axis=1)
    return np.asarray(scaled * (scaled - 1) / (np.linalg.norm(places / radii**2, axis=1) + 1e-9), np.float32)


def _rays(columns: int, rows: int, eye: Eye) -> Values:
    """Directions [rows, columns, 3], one metre long."""
    ahead = (eye.looks_at - eye.place) / np.linalg.norm(eye.looks_at - eye.place)
    right = np.cross(ahead, at(0, 1, 0))
    right /= np.linalg.norm(right)
    up, half = np.cross(right, ahead), np.tan(np.radians(eye.degrees) / 2)
    y, x = np.mgrid[0:rows, 0:columns]
    aside, above = ((x + 0.5) / columns * 2 - 1) * half * columns / rows, (1 - (y + 0.5) / rows * 2) * half
    found = ahead + aside[..., None] * right + above[..., None] * up
    return np.asarray(found / np.linalg.norm(found, axis=2, keepdims=True), np.float32)


def _hit(figure: _Figure, rays: Values, eye: Eye) -> tuple[Mask, Values]:
    """Which rays meet the figure, and where [n, 3]."""
    far = np.full(rays.shape[:2], FIRST, np.float32)
    under_way, there = np.ones(far.shape, bool), np.zeros(far.shape, bool)
    for _ in range(STEPS):
        rows, columns = np.nonzero(under_way)
        distance = figure.distance(eye.place + rays[rows, columns] * far[rows, columns][:, None])
        far[rows, columns] += 0.85 * distance
        met, past = distance < NEAR_ENOUGH, far[rows, columns] > LAST
        there[rows[met], columns[met]] = True
        under_way[rows[met | past], columns[met | past]] = False
    return there, eye.place + rays[there] * far[there][:, None]


def _lit(figure: _Figure, places: Values) -> Values:
    steps = 0.0015 * np.eye(3, dtype=np.float32)
    slopes = [figure.distance(places + step) - figure.distance(places - step) for step in steps]
    normals = np.stack(slopes, 1)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True) + 1e-9
    light = np.full(len(places), AMBIENT, np.float32)
    for towards, strength in LIGHTS:
        light += strength * np.clip(normals @ (towards / np.linalg.norm(towards)), 0, 1)
    open_to_light = np.clip(0.55 + 9 * figure.distance(places + 0.05 * normals), 0.35, 1)
    return np.asarray(figure.colours(places) * (light * open_to_light)[:, None], np.float32)


def _room(rays: Values, eye: Eye) -> Values:
    """A wall with a window and shelves of books, and a floor; float32[rows, columns, 3]."""
    to_wall = (BACK_WALL - eye.place[2]) / rays[..., 2]
    x, y = (eye.place[axis] + rays[..., axis] * to_wall for axis in (0, 1))
    picture = np.asarray(WALL * (1 - 0.06 * np.abs(x)[..., None]), np.float32)
    _window(picture, x + 1.25, y - 1.75)
    _shelves(picture, x, y)
    with np.errstate(divide="ignore"):
        to_floor = -eye.place[1] / rays[..., 1]
    floor = (to_floor > 0) & (to_floor < to_wall)
    x, z = (eye.place[axis] + rays[..., axis] * to_floor for axis in (0, 2))
    boards = 1 + 0.08 * np.sin(9 * z) * np.sign(np.sin(9 * x))
    picture[floor] = (FLOOR * boards[..., None])[floor]
    picture[floor & (x**2 / 0.2 + (z + 0.05) ** 2 / 0.06 < 1)] *= 0.6
    return picture


def _window(picture: Values, x: Values, y: Values) -> None:
    frame = (np.abs(x) < 0.55) & (np.abs(y) < 0.6)
    glass = (np.abs(x) < 0.5) & (np.abs(y) < 0.55) & (np.abs(x) > 0.02) & (np.abs(y) > 0.02)
    picture[frame] = FRAME
    picture[glass] = SKY + 0.12 * y[glass][:, None]


def _shelves(picture: Values, x: Values, y: Values) -> None:
    random = np.random.default_rng(3)
    for board in (0.55, 1.0, 1.45):
        picture[(np.abs(x - 1.35) < 0.6) & (np.abs(y - board) < 0.02)] = SHELF
        left = 0.8
        while left < 1.9:
            wide, high = random.uniform(0.03, 0.07), random.uniform(0.2, 0.34)
            book = (x > left) & (x < left + 0.95 * wide) & (y > board + 0.02) & (y < board + 0.02 + high)
            picture[book] = random.uniform(0.18, 0.72, 3)
            left += wide
