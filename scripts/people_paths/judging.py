"""How right masks are, and how calm."""

from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt

from scripts.people_paths.ours import Pixels
from workers.person._box import Box, put, size_of
from workers.person._masks import Masks
from workers.person._networks import Network

STILL = 3  # steps of grey by which a pixel may change and still stands still, with all that is near it
NEAR = 9  # pixels of the mask
MOVES = 20
ENOUGH = 0.2  # of the frame has to stand still, or it is a cut or a pan
Values = npt.NDArray[np.int16]


def miou(mask: npt.NDArray[Any], true: Pixels) -> float:
    """Mean of how person and background overlap, at the size of the truth; `mask` is float32 or uint8."""
    half = 127.5 if mask.dtype == np.uint8 else 0.5
    found = np.asarray(cv2.resize(mask, true.shape[::-1])) > half
    person = true > 127
    inside = (found & person).sum() / (found | person).sum()
    outside = (~found & ~person).sum() / (~found | ~person).sum()
    return float((inside + outside) / 2)


def over_time(clip: Path, model: str) -> tuple[float, float]:
    """Change from frame to frame of our masks over that of the raw ones, where the picture stands still. And
    where it moves, how far ours lie behind, in frames: what calming them changes, over what they change."""
    network = Network(model, 1)
    calmed, uncalmed = Masks(network), Masks(network)
    before: list[Values] = []
    still_raw, still_ours, lag, motion = [], [], [], []
    with av.open(str(clip)) as container:
        for frame in container.decode(video=0):
            pixels = frame.to_ndarray(format="rgb24")
            masks = _raw(pixels, network), calmed(pixels), uncalmed(pixels, calm=0.0)
            now = [values.astype(np.int16) for values in (*masks, _grey(pixels))]
            if before:
                raw, ours, sharp, change = (np.abs(a - b) for a, b in zip(now, before, strict=True))
                around = cv2.dilate((change > STILL).astype(np.uint8), np.ones((NEAR, NEAR), np.uint8))
                still, moves = np.asarray(around) == 0, change > MOVES
                if still.mean() > ENOUGH:
                    still_raw.append(raw[still].mean())
                    still_ours.append(ours[still].mean())
                if moves.any():
                    lag.append(np.abs(now[1] - now[2])[moves].mean())
                    motion.append(sharp[moves].mean())
            before = now
    return float(np.mean(still_ours) / np.mean(still_raw)), float(np.mean(lag) / np.mean(motion))


def _raw(pixels: Pixels, network: Network) -> Pixels:
    """What a look at the whole frame answers, at the size of ours."""
    mask = np.empty(size_of(pixels), np.uint8)
    put(network(pixels), Box(0, 0, *mask.shape), mask)
    return mask


def _grey(pixels: Pixels) -> Pixels:
    high, wide = size_of(pixels)
    small = cv2.resize(pixels, (wide, high), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)
