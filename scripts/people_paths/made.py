"""Composites of our own: the same cut-out person, smaller, mirrored or elsewhere, before photographs."""

from pathlib import Path

import cv2
import numpy as np

from scripts.people_paths.ours import Pixels

COUNT, ROWS, COLUMNS = 40, 720, 1280
SCALES = (1.0, 0.8, 0.6, 0.45)
ASIDE = 250  # pixels at most
KINDS = ("elementary", "popos")
DRAWN = {
    *(f"elementary_{number:03}" for number in (27, 32, 35, 36, 61, 63, 65, 76, 79, 87)),
    "popos_114",
}


def made(frames: list[Pixels], alpha: Pixels, photos: Path) -> list[tuple[Pixels, Pixels]]:
    """Frame and truth of each; the same ones every time."""
    random = np.random.default_rng(3)
    files = _photographs(photos)
    found = []
    for number in range(COUNT):
        behind = _covering(files[random.integers(len(files))])
        person, mask = frames[number % len(frames)], alpha
        if random.random() < 0.5:
            person, mask = person[:, ::-1].copy(), mask[:, ::-1].copy()
        scale, aside = SCALES[number % len(SCALES)], int(random.integers(-ASIDE, ASIDE + 1))
        place = np.array(
            [[scale, 0, COLUMNS / 2 * (1 - scale) + aside], [0, scale, ROWS * (1 - scale)]], np.float32
        )
        person = cv2.warpAffine(person, place, (COLUMNS, ROWS), flags=cv2.INTER_AREA)
        true = np.asarray(cv2.warpAffine(cv2.GaussianBlur(mask, (0, 0), 1), place, (COLUMNS, ROWS)), np.uint8)
        share = (true / 255)[..., None]
        found.append(((person * share + behind * (1 - share)).astype(np.uint8), true))
    return found


def _photographs(photos: Path) -> list[Path]:
    """Most of what is there are pictures of games, and a few are drawn."""
    found = sorted(path for kind in KINDS for path in photos.glob(f"{kind}_*.jpg"))
    return [path for path in found if path.stem not in DRAWN]


def _covering(path: Path) -> Pixels:
    pixels = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    scale = max(COLUMNS / pixels.shape[1], ROWS / pixels.shape[0])
    size = max(COLUMNS, round(pixels.shape[1] * scale)), max(ROWS, round(pixels.shape[0] * scale))
    return np.asarray(cv2.resize(pixels, size)[:ROWS, :COLUMNS], np.uint8)
