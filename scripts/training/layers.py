"""Pictures of flat layers with exact edges: things cut out of photos before other photos, and desktops."""

import math

import cv2
import numpy as np
import numpy.typing as npt

from scripts.training.cache import Group, Pair
from scripts.training.textures import colour, piece_of, write

ROWS, COLUMNS = 256, 416
FINE = 8  # bits of a fraction in the places that OpenCV draws to

Picture = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Random = np.random.Generator


def cut_outs(random: Random, photos: Group) -> Pair:
    """Shapes filled with pieces of photos stand before a photo, as near as the ground they stand on or
    nearer. Depth behind them is the teacher's."""
    picture, inverse = view_of(random, photos)
    pictures = [photos[random.integers(len(photos))][0] for _ in range(4)]
    for foot in sorted(random.uniform(0.35, 1.25, random.integers(1, 6)) * ROWS):
        high = random.uniform(0.2, 1.0) * min(foot, 1.3 * ROWS)
        cover = outline(random, random.uniform(0, COLUMNS), foot, high)
        inside = cover > 0.5
        if inside.sum() < 60:
            continue
        ground = inverse[min(int(foot), ROWS - 1)][inside.any(axis=0)].mean()
        level = max(ground, np.quantile(inverse[inside], 0.95)) + random.uniform(0.03, 0.35)
        lean = random.normal(0, 0.04) * np.linspace(-1, 1, COLUMNS)[None, :]
        if random.random() < 0.4:
            shade(random, picture, cover)
        surface = filling(random, pictures)
        picture = np.asarray(surface * cover[..., None] + picture * (1 - cover[..., None]), np.uint8)
        inverse = np.where(inside, np.float32(level) + lean, inverse).astype(np.float32)
    return picture, inverse


def view_of(random: Random, photos: Group) -> Pair:
    """Most of a photo at our size, mirrored or not."""
    picture, inverse = photos[random.integers(len(photos))]
    part = random.uniform(0.6, 1)
    rows, columns = (int(side * part) for side in inverse.shape)
    top, left = random.integers(inverse.shape[0] - rows + 1), random.integers(inverse.shape[1] - columns + 1)
    here = np.s_[top : top + rows, left : left + columns]
    size = (COLUMNS, ROWS)
    picture = cv2.resize(picture[here], size, interpolation=cv2.INTER_AREA)
    inverse = cv2.resize(inverse[here], size, interpolation=cv2.INTER_LINEAR)
    if random.random() < 0.5:
        picture, inverse = picture[:, ::-1], inverse[:, ::-1]
    return np.ascontiguousarray(picture), np.ascontiguousarray(inverse)


def outline(random: Random, x: float, foot: float, high: float) -> Floats:
    """How much of each pixel a shape covers, 0…1; it stands on row `foot`."""
    cover = np.zeros((ROWS, COLUMNS), np.uint8)
    kind = random.integers(5)
    wide = high * random.uniform(0.25, 1.2)
    if kind == 0:  # a round thing with a wavy edge
        turn = np.linspace(0, 2 * np.pi, 90, endpoint=False)
        waves = sum(random.normal(0, 0.12 / k) * np.sin(k * turn + random.uniform(0, 6)) for k in range(2, 9))
        fill(
            cover,
            [
                np.stack(
                    [
                        x + wide / 2 * (1 + waves) * np.cos(turn),
                        foot - high / 2 * (1 + (1 + waves) * np.sin(turn)),
                    ],
                    1,
                )
            ],
        )
    elif kind == 1:  # something with corners
        turn = np.sort(random.uniform(0, 2 * np.pi, random.integers(3, 8)))
        fill(cover, [np.stack([x + wide / 2 * np.cos(turn), foot - high / 2 * (1 + np.sin(turn))], 1)])
    elif kind == 2:  # somebody
        wide = high * 0.28
        head = high * 0.09
        parts = [(x, foot - high + head, head * 0.85, head), (x, foot - high * 0.66, wide * 0.45, high * 0.2)]
        for side in (-1, 1):
            parts.append((x + side * wide * 0.2, foot - high * 0.24, wide * 0.17, high * 0.26))
            reach = random.uniform(0.4, 0.7)
            parts.append((x + side * wide * reach, foot - high * 0.64, wide * 0.11, high * 0.2))
        turn = np.linspace(0, 2 * np.pi, 48, endpoint=False)
        fill(cover, [np.stack([px + a * np.cos(turn), py + b * np.sin(turn)], 1) for px, py, a, b in parts])
    elif kind == 3:  # twigs, grass, a railing
        thick = max(1, int(high * random.uniform(0.01, 0.05)))
        for _ in range(random.integers(3, 14)):
            start = (x + random.normal(0, wide / 3), foot)
            end = (start[0] + random.normal(0, wide / 3), foot - high * random.uniform(0.5, 1))
            cv2.line(
                cover, *(tuple(int(v) for v in place) for place in (start, end)), 255, thick, cv2.LINE_AA
            )
    else:  # a post or a board
        corners = np.array([[-wide / 2, 0], [wide / 2, 0], [wide / 2, -high], [-wide / 2, -high]])
        tilt = random.normal(0, 0.08)
        turned = corners @ np.array([[math.cos(tilt), math.sin(tilt)], [-math.sin(tilt), math.cos(tilt)]])
        fill(cover, [turned * [random.choice([0.15, 1]), 1] + [x, foot]])
    return cover.astype(np.float32) / 255


def fill(cover: Picture, outlines: list[npt.NDArray[np.float64]]) -> None:
    for places in outlines:
        cv2.fillPoly(cover, [np.round(places * 2**FINE).astype(np.int32)], 255, cv2.LINE_AA, FINE)


def filling(random: Random, pictures: list[Picture]) -> Floats:
    """A surface that is a piece of a photo or plain, brighter on one side."""
    if random.random() < 0.75:
        surface = piece_of(random, pictures, ROWS, COLUMNS).astype(np.float32)
    else:
        surface = np.broadcast_to(colour(random), (ROWS, COLUMNS, 3)).astype(np.float32)
    light = 1 + random.normal(0, 0.3) * np.linspace(-1, 1, COLUMNS)[None, :, None]
    return np.clip(surface * light * random.uniform(0.6, 1.2), 0, 255).astype(np.float32)


def shade(random: Random, picture: Picture, cover: Floats) -> None:
    """A soft shadow of the shape on what is behind it, in place."""
    shift = np.float32([[1, 0, random.normal(0, 6)], [0, 1, random.uniform(0, 6)]])
    dark = cv2.GaussianBlur(cv2.warpAffine(cover, shift, (COLUMNS, ROWS)), (0, 0), random.uniform(1.5, 8))
    picture[:] = picture * (1 - random.uniform(0.2, 0.6) * dark[..., None])


def desktop(random: Random, photos: Group) -> Pair:
    """Windows with writing, buttons and pictures before a wallpaper; each nearer than those it covers."""
    picture, relief = view_of(random, photos)
    inverse = relief * np.float32(0.1)
    if random.random() < 0.3:
        picture[:] = colour(random)
    level = 0.15
    for _ in range(random.integers(1, 6)):
        level += random.uniform(0.06, 0.2)
        wide, high = int(random.uniform(0.2, 0.85) * COLUMNS), int(random.uniform(0.2, 0.85) * ROWS)
        left, top = (
            int(random.uniform(-0.1, 1.0) * (COLUMNS - wide)),
            int(random.uniform(-0.1, 1.0) * (ROWS - high)),
        )
        left, top = max(0, left), max(0, top)
        cover = np.zeros((ROWS, COLUMNS), np.float32)
        cover[top : top + high, left : left + wide] = 1
        shade(random, picture, cover)
        here = np.s_[top : top + high, left : left + wide]
        picture[here], inside = window(random, photos, high, wide)
        inverse[here] = level + inside * 0.08
    if random.random() < 0.7:  # the bar with the clock
        high = random.integers(8, 20)
        bar = np.s_[:high] if random.random() < 0.5 else np.s_[-high:]
        picture[bar] = colour(random)
        strip = picture[bar].copy()
        write(random, strip, 5, high - 3, 0.35, colour(random), 60)
        picture[bar] = strip
        inverse[bar] = level * random.uniform(0.5, 1.1)
    return picture, inverse


def window(random: Random, photos: Group, high: int, wide: int) -> Pair:
    """Its picture, and what stands out of it, 0…1."""
    page, relief = np.empty((high, wide, 3), np.uint8), np.zeros((high, wide), np.float32)
    page[:] = random.choice([12, 40, 235, 250]) + random.normal(0, 4, 3)
    light = page.mean() > 128
    ink = np.full(3, random.uniform(0, 90) if light else random.uniform(150, 255))
    if random.random() < 0.4:  # a film or a picture
        shown, depth = photos[random.integers(len(photos))]
        edge = random.integers(0, 12)
        size = (max(8, wide - 2 * edge), max(8, high - 14 - edge))
        here = np.s_[14 : 14 + size[1], edge : edge + size[0]]
        page[here] = cv2.resize(shown, size, interpolation=cv2.INTER_AREA)[: high - 14, : wide - edge]
        relief[here] = cv2.resize(depth, size)[: high - 14, : wide - edge]
    else:
        scale = random.uniform(0.25, 0.5)
        for line in range(24, high, int(8 + 20 * scale)):
            if random.random() < 0.85:
                indent = 6 + 10 * int(random.integers(0, 4))
                write(random, page, indent, line, scale, ink, int(random.integers(3, max(4, wide // 8))))
        for _ in range(random.integers(0, 5)):
            x, y = int(random.integers(0, wide)), int(random.integers(14, max(15, high)))
            cv2.rectangle(page, (x, y), (x + 40, y + 12), colour(random).tolist(), -1)
    page[:12] = colour(random)
    title = page[:12].copy()
    write(random, title, 4, 9, 0.3, ink, 20)
    page[:12] = title
    return page, relief
