"""What the best-known peers do, re-implemented in a few lines from a description of their rules."""

import cv2
import numpy as np
import torch

from scripts.stereo_paths.pairs import Map, Picture

FILL_STEPS = 300  # so that nothing stays black; 100 there


def backward(left: Picture, disparity: Map) -> Picture:
    """Desktop2Stereo: each pixel of the new view looks up the disparity at its own place and samples the one
    picture there."""
    height, width = disparity.shape
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    sampled = cv2.remap(left, x + disparity, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(sampled, np.uint8)


def forward_fill(left: Picture, disparity: Map) -> Picture:
    """iw3: pixels are sorted by depth, far ones first, and copied to the two columns between which they land,
    later ones over earlier ones; the two results are blended by their distance. Holes take the colour of
    their neighbour on the background's side, again and again."""
    height, width = disparity.shape
    pixels, depth = left.reshape(-1, 3).astype(np.float32), torch.from_numpy(disparity)
    landed = torch.arange(width)[None] - depth
    floor = landed.floor()
    share = (landed - floor).numpy().reshape(-1, 1)
    order = torch.argsort(depth.reshape(-1), stable=True).numpy()
    rows = np.arange(height)[:, None] * (width + 2)
    both = np.zeros((height, width, 4), np.float32)
    for step, weight in ((0, 1 - share), (1, share)):
        columns = (floor.long().numpy() + step).clip(-1, width) + 1
        layer = np.zeros((height * (width + 2), 4), np.float32)
        layer[(columns + rows).reshape(-1)[order]] = (np.hstack([pixels, np.ones_like(weight)]) * weight)[
            order
        ]
        both += layer.reshape(height, width + 2, 4)[:, 1:-1]
    view, seen = (
        torch.from_numpy(both[..., :3] / both[..., 3:].clip(1e-6)),
        torch.from_numpy(both[..., 3] > 1e-3),
    )
    for _ in range(FILL_STEPS):  # the right view's holes are right of what is near
        neighbour, there = torch.roll(view, -1, 1), torch.roll(seen, -1, 1)
        there[:, -1] = False
        fill = ~seen & there
        view, seen = torch.where(fill[..., None], neighbour, view), seen | fill
    return np.asarray(view.round().clamp(0, 255).to(torch.uint8).numpy())
