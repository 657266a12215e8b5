"""A contact sheet: each picture, its true depth where known, and what each model finds. White is near."""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

CELL = (150, 250)  # rows, columns
HEAD = 20  # rows of the line with the names
GAP = 4

Picture = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.floating]


def sheet(heads: Sequence[str], rows: Sequence[Sequence[Picture]], pairs: int = 2) -> Picture:
    """uint8[H, W, 3] RGB of rows of cells, `pairs` rows beside each other, the names above."""
    lines = [np.hstack([framed(cell) for cell in row]) for row in rows]
    blank = np.full_like(lines[0], 255)
    top = np.full((HEAD, lines[0].shape[1], 3), 255, np.uint8)
    for i, head in enumerate(heads):
        place = (i * (CELL[1] + GAP) + 4, HEAD - 6)
        cv2.putText(top, head, place, cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 1, cv2.LINE_AA)
    lines += [blank] * (-len(lines) % pairs)
    each = len(lines) // pairs
    return np.hstack([np.vstack([top, *lines[i * each : (i + 1) * each]]) for i in range(pairs)])


def framed(cell: Picture) -> Picture:
    """As large as fits, on white."""
    scale = min(CELL[0] / cell.shape[0], CELL[1] / cell.shape[1])
    size = (max(1, round(cell.shape[1] * scale)), max(1, round(cell.shape[0] * scale)))
    small = cv2.resize(cell, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    whole = np.full((CELL[0] + GAP, CELL[1] + GAP, 3), 255, np.uint8)
    whole[: size[1], : size[0]] = small
    return whole


def grey(inverse: Floats) -> Picture:
    """Inverse depth as uint8[h, w, 3]: nearest white, farthest black, unknown dark blue."""
    known = np.isfinite(inverse)
    low, high = np.quantile(inverse[known], (0.01, 0.99))
    share = np.clip((np.where(known, inverse, low) - low) / max(high - low, 1e-9), 0, 1)
    shown = np.repeat((255 * share)[..., None], 3, axis=2)
    shown[~known] = (20, 20, 70)
    return np.asarray(shown, np.uint8)
