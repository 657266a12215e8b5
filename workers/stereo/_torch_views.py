"""Pictures of the host's memory through a torch device: up once, down once."""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from workers.stereo._layout import Layout
from workers.stereo._parallax import Parallax
from workers.stereo._torch_warp import warp_views


def warp_views_on(
    device: torch.device,
    frame: npt.NDArray[np.uint8],
    nearness: npt.NDArray[np.float32],
    parallax: Parallax,
    picture: npt.NDArray[np.uint8],
    layout: Layout,
    quality: str = "best",
    phase: int = 0,
) -> None:
    """As warp.warp_views; a GPU always does its best, so `quality` changes nothing."""
    target = torch.zeros(picture.shape, dtype=torch.uint8, device=device)
    warp_views(_up(frame, device), _up(nearness, device), parallax, target, layout, phase)
    np.copyto(picture, target.cpu().numpy())


def _up(array: npt.NDArray[Any], device: torch.device) -> torch.Tensor:
    """A copy: leased arrays are read-only, which torch does not know."""
    return torch.from_numpy(array.copy()).to(device)
