"""The network while it learns: beside the depth it guesses what the teacher sees, which it then forgets.

How a picture looks to the teacher says far more about it than the depth alone, so that fewer pictures do:
Romero et al., "FitNets: Hints for Thin Deep Nets", 2015.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scripts.training.teacher import Encoder
from workers.depth._small_net import WIDTHS, SmallDepth

HINTS = 0.6  # weight beside the loss of the depth
TEACHER_WIDTHS = (96, 192)  # its channels at 1/8 and 1/16 of the size


class Pupil(nn.Module):
    """`net`, and for each hint a convolution that guesses it."""

    def __init__(self) -> None:
        super().__init__()
        self.net = SmallDepth()
        self.guesses = nn.ModuleList(
            nn.Conv2d(ours, theirs, 1) for ours, theirs in zip(WIDTHS[2:4], TEACHER_WIDTHS, strict=True)
        )

    def forward(self, pictures: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Depth float32[n, 1, h, w] and the guesses. The bulk in bfloat16, which most machines have twice as
        fast."""
        pictures = pictures.float().contiguous(memory_format=torch.channels_last)
        with torch.autocast(pictures.device.type, torch.bfloat16):
            seen = self.net.encode(pictures)
            features = self.net.decode(seen)
            guessed = [guess(x) for guess, x in zip(self.guesses, seen[2:4], strict=True)]
        return self.net.rough(features.float()), guessed


def hint_loss(teacher: Encoder, pictures: Tensor, guessed: list[Tensor]) -> Tensor:
    """How far the guesses are from what the teacher sees, its channels brought to mean 0 and spread 1."""
    with torch.no_grad():
        pictures = pictures.float().contiguous(memory_format=torch.channels_last)
        hints = teacher(pictures / 255)[2:4]
    losses = [
        F.mse_loss(guess.float(), F.batch_norm(hint, None, None, training=True))
        for guess, hint in zip(guessed, hints, strict=True)
    ]
    return HINTS * torch.stack(losses).mean()
