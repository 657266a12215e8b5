"""How well a relative depth map agrees with measured depth: the four figures of the usual benchmarks.

A network's map has no scale and no zero of its own, so both are first fitted to the truth, in inverse depth
and by least squares, as in Ranftl et al., "Towards Robust Monocular Depth Estimation", 2019, section 6.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

PAIRS = 60_000
RATIO = 1.1  # a pair of places counts when one is so many times farther than the other
WITHIN = 1.25  # delta1: the share of places whose depth is right to this factor

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Figures:
    """`absrel` mean |found - true| / true, less is better; `delta1` share within 25 %, `spearman` -1…1 and
    `ordinal`, the share of pairs in the right order, more is better."""

    absrel: float
    delta1: float
    spearman: float
    ordinal: float


def figures(found: Floats, depth: Floats) -> Figures:
    """Of relative inverse depth float[h, w], greater = nearer, against depth float[h, w] of any unit; 0,
    infinite or NaN is unknown. Raises ValueError where fewer than two depths are known."""
    known = np.isfinite(depth) & (depth > 0)
    if np.unique(depth[known]).size < 2:
        raise ValueError("the depth map knows fewer than two depths, there is nothing to compare")
    near, true = found[known].astype(np.float64), depth[known].astype(np.float64)
    fitted = fitted_depth(near, true)
    factor = np.maximum(fitted / true, true / fitted)
    return Figures(
        absrel=float(np.mean(np.abs(fitted - true) / true)),
        delta1=float(np.mean(factor < WITHIN)),
        spearman=spearman(near, 1 / true),
        ordinal=ordinal(near, true),
    )


def fitted_depth(near: Floats, true: Floats) -> Floats:
    """Depth float[n] from relative inverse depth float[n] by the best scale and shift; nothing comes out
    farther than the farthest truth, or a hair below zero would be behind the camera."""
    columns = np.stack([near, np.ones_like(near)], axis=1)
    scale, shift = np.linalg.lstsq(columns, 1 / true, rcond=None)[0]
    return 1 / np.maximum(scale * near + shift, 1 / true.max())


def spearman(one: Floats, other: Floats) -> float:
    """Correlation of the ranks, -1…1; 0 when one of them is flat."""
    ranks = ranked(one), ranked(other)
    if min(rank.std() for rank in ranks) == 0:
        return 0.0
    return float(np.corrcoef(*ranks)[0, 1])


def ranked(values: Floats) -> Floats:
    """The place of each value in the order of all; equal ones share the middle of their places."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[inverse]


def ordinal(near: Floats, true: Floats) -> float:
    """Share of random pairs, clearly apart in depth, whose nearer one is found nearer; equal counts half."""
    first, second = np.random.default_rng(1).integers(near.size, size=(2, PAIRS))
    ratio = true[first] / true[second]
    apart = np.maximum(ratio, 1 / ratio) > RATIO
    if not apart.any():
        return 0.5
    order = np.sign(near[first] - near[second])[apart] * np.sign(true[second] - true[first])[apart]
    return float(np.mean((order + 1) / 2))
