"""Surfaces and skies for the made scenes: noise, bricks, planks, writing, pieces of photos."""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

SIDE = 128  # pixels of a texture
FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_PLAIN)
LETTERS = np.array(list("abcdefghijklmnopqrstuvwxyz    ETAOIN0123456789.,:;(){}=+-/"))

Picture = npt.NDArray[np.uint8]
Random = np.random.Generator


def textures(random: Random, photos: Sequence[Picture], count: int) -> Picture:
    """uint8[count, SIDE, SIDE, 3], half of them pieces of photos."""
    made = [plain, noise, noise, bricks, planks, chequers, writing]
    found = []
    for _ in range(count):
        if photos and random.random() < 0.5:
            found.append(piece_of(random, photos, SIDE, SIDE))
        else:
            found.append(made[random.integers(len(made))](random))
    return np.stack(found)


def piece_of(random: Random, photos: Sequence[Picture], rows: int, columns: int) -> Picture:
    """A random piece of a random photo, at this size."""
    photo = photos[random.integers(len(photos))]
    part = random.uniform(0.15, 0.9)
    high, wide = int(photo.shape[0] * part), int(photo.shape[1] * part)
    top, left = random.integers(photo.shape[0] - high + 1), random.integers(photo.shape[1] - wide + 1)
    piece = photo[top : top + high, left : left + wide]
    return cv2.resize(piece, (columns, rows), interpolation=cv2.INTER_AREA)


def colour(random: Random) -> npt.NDArray[np.float64]:
    """Mostly muted, 0…255."""
    grey = random.uniform(30, 235)
    return np.clip(grey + random.normal(0, 1, 3) * random.choice([6, 20, 60]), 5, 250)


def octaves(random: Random, rows: int = SIDE, columns: int = SIDE) -> npt.NDArray[np.float64]:
    """Noise of several sizes on each other, about -1…1."""
    total = np.zeros((rows, columns))
    rough = random.uniform(0.4, 0.9)
    for octave in range(6):
        grid = random.uniform(-1, 1, (2**octave + 2, 2**octave + 2))
        total += cv2.resize(grid, (columns, rows), interpolation=cv2.INTER_CUBIC) * rough**octave
    return total / (np.abs(total).max() + 1e-6)


def plain(random: Random) -> Picture:
    return _dirty(random, np.broadcast_to(colour(random), (SIDE, SIDE, 3)), 4)


def noise(random: Random) -> Picture:
    mix = octaves(random)[..., None] * 0.5 + 0.5
    return _dirty(random, colour(random) * mix + colour(random) * (1 - mix), 6)


def bricks(random: Random) -> Picture:
    high, wide = int(random.choice([8, 16, 32])), int(random.choice([16, 32, 64]))
    y, x = np.mgrid[:SIDE, :SIDE]
    x = x + (y // high % 2) * wide // 2
    joint = (y % high < 2) | (x % wide < 2)
    each = random.normal(0, 14, (SIDE // high + 1, 2 * SIDE // wide + 2))[y // high, x // wide]
    wall = np.where(joint[..., None], colour(random), colour(random) + each[..., None])
    return _dirty(random, wall, 6)


def planks(random: Random) -> Picture:
    wide = int(random.choice([8, 16, 32]))
    x = np.mgrid[:SIDE, :SIDE][1]
    grain = cv2.resize(random.normal(0, 1, (4, SIDE)), (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    each = random.normal(0, 12, SIDE // wide + 1)[x // wide]
    board = colour(random) + (each + 8 * grain)[..., None]
    board = np.where((x % wide < 1)[..., None], board * 0.5, board)
    return _dirty(random, board if random.random() < 0.5 else board.transpose(1, 0, 2), 3)


def chequers(random: Random) -> Picture:
    size = int(random.choice([8, 16, 32, 64]))
    y, x = np.mgrid[:SIDE, :SIDE] // size
    return _dirty(random, np.where(((x + y) % 2)[..., None], colour(random), colour(random)), 5)


def writing(random: Random) -> Picture:
    page = np.empty((SIDE, SIDE, 3), np.uint8)
    page[:] = colour(random)
    ink = colour(random)
    scale = random.uniform(0.3, 1.2)
    for line in range(12, SIDE, int(10 + 16 * scale)):
        write(random, page, int(random.integers(0, 20)), line, scale, ink)
    return page


def write(
    random: Random,
    page: Picture,
    x: int,
    y: int,
    scale: float,
    ink: npt.NDArray[np.float64],
    letters: int = 24,
) -> None:
    """A line of letters on a page, in place."""
    text = "".join(random.choice(LETTERS, letters))
    thick = 1 if scale < 0.8 else 2
    cv2.putText(
        page, text, (x, y), FONTS[random.integers(len(FONTS))], scale, ink.tolist(), thick, cv2.LINE_AA
    )


def sky(random: Random, photos: Sequence[Picture], rows: int, columns: int) -> Picture:
    """What is behind everything: evenly graded, cloudy, black, or a blurred piece of a photo."""
    kind = random.random()
    if photos and kind < 0.2:
        return cv2.GaussianBlur(piece_of(random, photos, rows, columns), (0, 0), random.uniform(6, 20))
    if kind < 0.28:
        return np.full((rows, columns, 3), random.uniform(0, 30), np.uint8)
    above = np.array([110, 150, 210]) * random.uniform(0.2, 1.15) + random.normal(0, 18, 3)
    below = np.array([205, 215, 225]) * random.uniform(0.4, 1.1) + random.normal(0, 15, 3)
    ramp = (np.linspace(0, 1, rows) ** random.uniform(0.5, 2))[:, None, None]
    graded = above * (1 - ramp) + below * ramp
    graded = np.broadcast_to(graded, (rows, columns, 3))
    if random.random() < 0.6:
        clouds = np.clip(octaves(random, rows, columns) * random.uniform(0.5, 2), 0, 1)[..., None]
        graded = graded * (1 - clouds) + random.uniform(150, 250) * clouds
    return np.clip(graded, 0, 255).astype(np.uint8)


def _dirty(random: Random, picture: npt.NDArray[np.float64], amount: float) -> Picture:
    spots = octaves(random)[..., None] * random.uniform(0, 25)
    return np.clip(picture + spots + random.normal(0, amount, (SIDE, SIDE, 1)), 0, 255).astype(np.uint8)
