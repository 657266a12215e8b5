"""Who tells what was said from what was heard (section III-D): of the wave at three scales, and of its
complex spectrogram. Each gives its verdict and what it saw on the way, for the feature loss."""

from itertools import pairwise

import torch
from torch import Tensor, nn

SCALES = 3
WINDOW, HOP = 1024, 256
FREQUENCIES = WINDOW // 2
Opinion = tuple[Tensor, list[Tensor]]


class OfWave(nn.Module):
    """A plain convolution, four grouped ones (groups of 4, a quarter of the samples, up to 1024 channels),
    and two more (MelGAN, Kumar et al., arXiv 1910.06711)."""

    def __init__(self, channels: int = 16) -> None:
        super().__init__()
        widths = [channels, *(min(1024, channels * 4**i) for i in range(1, 5))]
        self.layers = nn.ModuleList([nn.Conv1d(1, channels, 15, padding=7)])
        for before, after in pairwise(widths):
            self.layers.append(nn.Conv1d(before, after, 41, 4, padding=20, groups=before // 4))
        self.layers.append(nn.Conv1d(widths[-1], widths[-1], 5, padding=2))
        self.last = nn.Conv1d(widths[-1], 1, 3, padding=1)

    def forward(self, sound: Tensor) -> Opinion:
        seen = []
        for layer in self.layers:
            sound = nn.functional.leaky_relu(layer(sound), 0.2)
            seen.append(sound)
        return self.last(sound), seen


class _Residual(nn.Module):
    """3 x 3, then a stride in frequency and, for every second, in time."""

    def __init__(self, inputs: int, outputs: int, stride: tuple[int, int]) -> None:
        super().__init__()
        kernel = (stride[0] + 2, stride[1] + 2)
        self.first = nn.Conv2d(inputs, inputs, 3, padding=1)
        self.second = nn.Conv2d(inputs, outputs, kernel, stride, padding=1)
        self.short = nn.Conv2d(inputs, outputs, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        y = self.second(nn.functional.elu(self.first(nn.functional.elu(x))))
        short = self.short(x)
        return y[:, :, : short.shape[2], : short.shape[3]] + short[:, :, : y.shape[2], : y.shape[3]]


class OfSpectrogram(nn.Module):
    """Real and imaginary part; time is the first of its two dimensions."""

    def __init__(self, channels: int = 32) -> None:
        super().__init__()
        self.register_buffer("window", torch.hann_window(WINDOW))
        self.first = nn.Conv2d(2, channels, 7, padding=3)
        widths = [channels, *(min(4, 1 << (i + 1) // 2) * channels for i in range(1, 7))]
        self.blocks = nn.ModuleList(
            _Residual(before, after, (1 + number % 2, 2))
            for number, (before, after) in enumerate(pairwise(widths))
        )
        self.last = nn.Conv2d(widths[-1], 1, (1, FREQUENCIES // 64))

    def forward(self, sound: Tensor) -> Opinion:
        found = torch.stft(sound[:, 0], WINDOW, HOP, window=self.window, return_complex=True)
        x = torch.view_as_real(found).permute(0, 3, 2, 1)
        x, seen = self.first(x), []
        for block in self.blocks:
            x = block(x)
            seen.append(x)
        return self.last(nn.functional.elu(x)), seen


class Discriminators(nn.Module):
    def __init__(self, channels: int = 16) -> None:
        super().__init__()
        self.waves = nn.ModuleList(OfWave(channels) for _ in range(SCALES))
        self.spectrogram = OfSpectrogram(2 * channels)

    def forward(self, sound: Tensor) -> list[Opinion]:
        opinions = [self.spectrogram(sound)]
        for scale, wave in enumerate(self.waves):
            opinions.append(wave(nn.functional.avg_pool1d(sound, 1 << scale) if scale else sound))
        return opinions
