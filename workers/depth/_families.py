"""What the families of depth networks differ in: the sizes that they take, how they want their picture, and
which way is near in what they answer. Known from a network's own config.json and preprocessor_config.json.

Pure functions on numbers and numpy; workers/depth/_torch_network.py applies them.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from workers.worker import CannotWork

Size = tuple[int, int]  # rows, columns
Config = Mapping[str, Any]

MULTIPLE = 32  # of the sides, where nothing else is known of a network: five halvings
FIXED = 1 << 22  # Pillow's fixed point
PROMPT_FROM, PROMPT_TO = 0.5, 5.0  # metres that the LiDAR of a phone sees


@dataclass(frozen=True)
class Family:
    """`shape` is which sizes are taken: any with sides that are multiples of `multiple`, only squares of
    them, or one: `size`, or without that the one that preprocessor_config.json names. `answers` is what
    comes out: nearness (relative inverse depth), metres, or prompted (a distance from 0, the nearest that a
    prompt had, to 1). `pads` says whether the picture is mirrored at its borders beforehand, `corners`
    whether it is resized with the corner pixels' centres kept, `last` whether after it was normalised."""

    name: str
    shape: Literal["free", "square", "fixed"]
    multiple: int
    answers: Literal["nearness", "metres", "prompted"]
    pads: bool = False
    corners: bool = False
    last: bool = False
    size: Size | None = None


@dataclass(frozen=True)
class Feeding:
    """How pixels 0…255 become input: (pixel * scale - mean) / std, resized with `resample`, to `size` (rows,
    columns) where the network takes no other."""

    scale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]
    resample: Literal["bilinear", "bicubic"]
    size: Size | None


def family_of(config: Config) -> Family:
    """By a network's config.json. Raises CannotWork for one that the program does not know how to feed."""
    kind = config.get("model_type")
    if kind not in KNOWN:
        raise CannotWork(
            f"depth.model: its config.json says model_type {kind!r}; the program knows how to feed "
            f"{', '.join(KNOWN)}"
        )
    return KNOWN[kind](config)


def _depth_anything(config: Config) -> Family:
    # Relative ones answer inverse depth; metric ones a sigmoid times max_depth, which is metres.
    metric = config.get("depth_estimation_type") == "metric"
    return Family("depth-anything", "free", _patch(config, 14), "metres" if metric else "nearness")


def _prompt_depth_anything(config: Config) -> Family:
    # It completes the sparse metres of a LiDAR. Nobody has them for a screen; without, it answers a distance
    # between the nearest and the farthest that they would have had.
    return Family("prompt-depth-anything", "free", _patch(config, 14), "prompted")


def _dpt(config: Config) -> Family:
    backbone = (config.get("backbone_config") or {}).get("model_type")
    if config.get("is_hybrid"):  # its embedding refuses every size but the one that it was made for
        side = int(config.get("image_size", 384))
        return Family("dpt-hybrid", "fixed", MULTIPLE, "nearness", size=(side, side))
    if backbone is None:
        # Its neck takes the root of the number of patches for the number of rows.
        return Family("dpt", "square", MULTIPLE, "nearness")
    if backbone == "dinov2":  # trained on the metres of NYU and KITTI, not on MiDaS' inverse depth
        return Family("dpt-dinov2", "free", _patch(config, 14), "metres")
    if backbone == "beit":
        return Family("dpt-beit", "free", MULTIPLE, "nearness")
    return Family(f"dpt-{backbone}", "fixed", MULTIPLE, "nearness")


def _zoedepth(config: Config) -> Family:
    return Family("zoedepth", "free", MULTIPLE, "metres", pads=True, corners=True)


def _depth_pro(config: Config) -> Family:
    # What the network itself answers is inverse depth; only transformers' post-processing makes metres of it.
    return Family("depth-pro", "fixed", MULTIPLE, "nearness", last=True)


def _glpn(config: Config) -> Family:
    return Family("glpn", "free", MULTIPLE, "metres")


KNOWN = {
    "depth_anything": _depth_anything,
    "prompt_depth_anything": _prompt_depth_anything,
    "dpt": _dpt,
    "zoedepth": _zoedepth,
    "depth_pro": _depth_pro,
    "glpn": _glpn,
}


def _patch(config: Config, usual: int) -> int:
    backbone = config.get("backbone_config") or {}
    return int(backbone.get("patch_size") or config.get("patch_size") or usual)


def feeding_of(config: Config, kind: str) -> Feeding:
    """By a network's preprocessor_config.json; `kind` is config.json's model_type. What it leaves out is what
    transformers' processors take then: values 0…1, mean and deviation 0.5, and for glpn neither."""
    normalise = config.get("do_normalize", kind != "glpn")
    bilinear = kind in ("zoedepth", "depth_pro", "glpn")
    names: dict[Any, Literal["bilinear", "bicubic"]] = {2: "bilinear", 3: "bicubic"}  # as Pillow counts them
    resample = config.get("resample", 2 if bilinear else 3)
    if resample not in names:
        raise CannotWork(
            f"depth.model: its preprocessor_config.json says resample {resample}; the program resizes with "
            "2 (bilinear) or 3 (bicubic)"
        )
    scale = config.get("rescale_factor", 1 / 255) if config.get("do_rescale", True) else 1.0
    mean = config.get("image_mean", (0.5, 0.5, 0.5)) if normalise else (0.0, 0.0, 0.0)
    std = config.get("image_std", (0.5, 0.5, 0.5)) if normalise else (1.0, 1.0, 1.0)
    return Feeding(float(scale), tuple(mean), tuple(std), names[resample], _size(config.get("size")))


def _size(size: Any) -> Size | None:
    if isinstance(size, int):
        return size, size
    if isinstance(size, Mapping) and {"height", "width"} <= set(size):
        return int(size["height"]), int(size["width"])
    return None


def padding(rows: int, columns: int) -> Size:
    """Rows and columns that ZoeDepth mirrors at each border: 3 √(side / 2) (isl-org/ZoeDepth,
    zoedepth/models/depth_model.py)."""
    return int(3 * math.sqrt(rows / 2)), int(3 * math.sqrt(columns / 2))


def network_size(family: Family, feeding: Feeding, rows: int, columns: int) -> Size:
    """What a picture of rows x columns is resized to. Raises CannotWork where the network takes one size and
    does not say which."""
    if family.shape == "fixed":
        only = family.size or feeding.size
        if only is None:
            raise CannotWork(
                f"depth.model: a {family.name} takes pictures of one size only, and its "
                "preprocessor_config.json names none (size: height and width)"
            )
        return only
    if family.shape == "square":  # as many pixels as there would be in the other shape
        side = _nearest(math.sqrt(rows * columns), family.multiple)
        return side, side
    high, wide = float(rows), float(columns)
    if family.pads:
        # transformers keeps the shape of the padded picture: one factor, the one that changes it less.
        top, left = padding(rows, columns)
        high, wide = rows + 2 * top, columns + 2 * left
        factor = min(rows / high, columns / wide, key=lambda factor: abs(1 - factor))
        high, wide = factor * high, factor * wide
    return _nearest(high, family.multiple), _nearest(wide, family.multiple)


def _nearest(side: float, multiple: int) -> int:
    return max(1, round(side / multiple)) * multiple


def resampling(before: int, after: int, kind: Literal["bilinear", "bicubic"]) -> npt.NDArray[np.float64]:
    """The weights float64[after, before] by which pixels of a row become those of a longer or shorter one, as
    Pillow weighs them (src/libImaging/Resample.c): a triangle, or Keys' cubic with a = -0.5, as wide as a
    new pixel where that is wider than an old one; in whole steps of 2^-22, so that a half rounds as it does
    there."""
    step = before / after
    wide = max(step, 1.0)
    centres = (np.arange(after)[:, None] + 0.5) * step
    away = np.abs((np.arange(before)[None] + 0.5 - centres) / wide)
    weights = np.maximum(1 - away, 0) if kind == "bilinear" else _cubic(away)
    return np.asarray(np.round(weights / weights.sum(axis=1, keepdims=True) * FIXED) / FIXED)


def _cubic(x: npt.NDArray[np.float64], a: float = -0.5) -> npt.NDArray[np.float64]:
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * a
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))
