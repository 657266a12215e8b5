"""How alike two pictures are."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]


def psnr(one: Picture, other: Picture, where: Mask | None = None) -> float:
    """Peak signal to noise ratio of uint8[H, W, 3] in dB, over the pixels of a mask."""
    squared = (one.astype(np.float64) - other) ** 2
    error = float((squared if where is None else squared[where]).mean())
    return float("inf") if error == 0 else float(10 * np.log10(255**2 / error))


def ssim(one: Picture, other: Picture, where: Mask) -> float:
    """Structural similarity as defined: of the luminance, in a Gaussian window with a sigma of 1.5 (Wang et
    al., "Image quality assessment: from error visibility to structural similarity", 2004); its mean over a
    mask."""
    a, b = (cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float64) for picture in (one, other))
    mean_a, mean_b = _mean(a), _mean(b)
    variance_a, variance_b = _mean(a * a) - mean_a**2, _mean(b * b) - mean_b**2
    covariance = _mean(a * b) - mean_a * mean_b
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    similar = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
    similar /= (mean_a**2 + mean_b**2 + c1) * (variance_a + variance_b + c2)
    return float(similar[where].mean())


def _mean(values: Any) -> Any:
    return cv2.GaussianBlur(values, (11, 11), 1.5)
