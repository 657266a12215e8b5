"""Convolutions that look back only, and remember what they have seen.

There is one way through each layer, for a whole clip and for a single frame: what came before is a `Memory`
of explicit tensors. A clip begins with a memory of zeros, which is the padding on the left that the paper
means; so streaming and offline are the same sums.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn


class Memory:
    """The tensors that layers keep from one call to the next, in the order in which they are asked."""

    def __init__(self, kept: list[Tensor] | None = None) -> None:
        """None: nothing came before."""
        self._before: Iterator[Tensor] | None = iter(kept) if kept is not None else None
        self.after: list[Tensor] = []

    def before(self, like: Tensor, channels: int, length: int) -> Tensor:
        if self._before is None:
            return like.new_zeros(like.shape[0], channels, length)
        return next(self._before)


class CausalConv(nn.Conv1d):
    """Its output at t depends on no input after t (a stride's last sample for one with a stride)."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, dilation: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, stride, dilation=dilation)
        self.context = (kernel - 1) * dilation + 1 - stride

    def remembering(self, x: Tensor, memory: Memory) -> Tensor:
        if self.context == 0:
            return self(x)
        x = torch.cat([memory.before(x, self.in_channels, self.context), x], 2)
        memory.after.append(x[:, :, -self.context :])
        return self(x)


class CausalUp(nn.ConvTranspose1d):
    """`stride` times as many samples; half of each kernel reaches into what comes next, and is kept for
    it."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__(inputs, outputs, 2 * stride, stride, bias=False)
        self.hop = stride
        self.level = nn.Parameter(torch.zeros(outputs, 1))

    def remembering(self, x: Tensor, memory: Memory) -> Tensor:
        tail = memory.before(x, self.out_channels, self.hop)
        y = self(x)
        first, rest, last = y[:, :, : self.hop] + tail, y[:, :, self.hop : -self.hop], y[:, :, -self.hop :]
        memory.after.append(last)
        return torch.cat([first, rest], 2) + self.level


class ResidualUnit(nn.Module):
    """Section III-A, figure 3."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.wide = CausalConv(channels, channels, 7, dilation=dilation)
        self.narrow = CausalConv(channels, channels, 1)

    def remembering(self, x: Tensor, memory: Memory) -> Tensor:
        y = self.wide.remembering(nn.functional.elu(x), memory)
        return x + self.narrow.remembering(nn.functional.elu(y), memory)


class Row(nn.ModuleList):
    """One after the other, ELU before those that change the rate and before the last."""

    def remembering(self, x: Tensor, memory: Memory) -> Tensor:
        for layer in self:
            if not isinstance(layer, ResidualUnit) and layer is not self[0]:
                x = nn.functional.elu(x)
            x = layer.remembering(x, memory)
        return x
