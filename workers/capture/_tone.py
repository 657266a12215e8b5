"""From an HDR desktop's light to the 8-bit colours that everybody downstream understands."""

import functools

import numpy as np
import numpy.typing as npt

NITS = 80.0  # what 1.0 is in scRGB
KNEE = 0.9  # of white: up to here all stays as it is, above highlights are pressed together


def to_srgb(
    light: npt.NDArray[np.float16], white: float, target: npt.NDArray[np.uint8] | None = None
) -> npt.NDArray[np.uint8]:
    """uint8[H, W, 3] (RGB, in `target` if there is one) from float16[H, W, 3 or 4], linear scRGB.

    `white` is how bright the desktop's white is, in nits ("SDR content brightness" in Windows). Light beyond
    it comes out as white; colours that sRGB has not (negative) and what is no number as 0.
    """
    light = light[..., :3]
    if target is None:
        target = np.empty(light.shape, np.uint8)
    codes = light.view(np.uint16)
    return np.take(_table(white), codes, out=target, mode="clip")  # a half float has only 65536 values


@functools.lru_cache(maxsize=2)
def _table(white: float) -> npt.NDArray[np.uint8]:
    """uint8[65536]: the colour of each half float, by its bits."""
    light = np.arange(1 << 16, dtype=np.uint16).view(np.float16).astype(np.float64)
    light = np.nan_to_num(light, nan=0.0, posinf=np.finfo(np.float16).max.astype(float), neginf=0.0)
    light = np.maximum(light * (NITS / white), 0.0)
    pressed = KNEE + (1 - KNEE) * (1 - np.exp(-(light - KNEE) / (1 - KNEE)))
    light = np.where(light <= KNEE, light, pressed)
    curve = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.round(255 * curve).astype(np.uint8)
