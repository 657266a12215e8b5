"""What the network is told to get right: the order of things, their edges, and steadiness."""

import torch
import torch.nn.functional as F
from torch import Tensor

TRIMMED = 0.15  # of a photo's pixels, where the teacher is most likely wrong
PLAIN, EDGES, STEADY = 0.5, 1.0, 6.0  # weights beside the aligned difference
EDGES_OF_PHOTOS = 0.3
SCALES = 4
SAMPLED = 7  # one pixel of so many tells the median


def aligned(depth: Tensor) -> Tensor:
    """Without its own shift and scale: median 0, mean distance from it 1. After Ranftl et al., "Towards
    Robust Monocular Depth Estimation", 2019, eq. 5. float[n, 1, h, w] to the same."""
    flat = depth.flatten(1)
    middle = flat[:, ::SAMPLED].median(dim=1, keepdim=True).values
    spread = (flat - middle).abs().mean(dim=1, keepdim=True).clamp_min(0.02)
    return ((flat - middle) / spread).view_as(depth)


def depth_loss(found: Tensor, truth: Tensor, exact: Tensor, finish: float = 1.0) -> dict[str, Tensor]:
    """Of maps float32[n, 1, h, w]; `exact` bool[n] says whose truth has true edges. `finish` 0…1 is how much
    edges count: a network that knows no places yet does best on them by drawing none, and stays there."""
    difference = aligned(found) - aligned(truth)
    size = difference.flatten(1).abs()
    some = size[:, ::SAMPLED]
    trimmed = some.kthvalue(int(some.shape[1] * (1 - TRIMMED)), dim=1, keepdim=True).values
    trusted = (size <= trimmed) | exact[:, None]
    weight = torch.where(exact, EDGES, EDGES_OF_PHOTOS)
    return {
        "order": (size * trusted).mean(),
        "plain": PLAIN * (found - truth).abs().mean() * 3,  # fixes shift and scale, and with them the range
        "edges": finish * (weight * edge_loss(difference)).mean(),
    }


def edge_loss(difference: Tensor) -> Tensor:
    """How the slopes differ, over several scales: Li and Snavely, "MegaDepth", 2018, eq. 4. float[n]."""
    total = torch.zeros(len(difference), device=difference.device)
    for _ in range(SCALES):
        for axis in (2, 3):
            total = total + difference.diff(dim=axis).abs().flatten(1).mean(dim=1)
        difference = F.avg_pool2d(difference, 2)
    return total


def steady_loss(one: Tensor, other: Tensor, finish: float = 1.0) -> Tensor:
    """How much two maps float32[n, 1, h, w] differ where they show the same, beside how much there is to
    see in them: or flat maps would do best."""
    difference = (one - other).flatten(1).abs().mean(dim=1)
    flat = one.flatten(1)
    spread = (flat - flat.mean(dim=1, keepdim=True)).abs().mean(dim=1).clamp_min(0.02)
    return finish * STEADY * (difference / spread).mean()
