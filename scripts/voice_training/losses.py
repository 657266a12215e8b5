"""What is learned from: the paper's losses (section III-E) with its weights, and one more, with which a
network finds phases before it has met a discriminator, or without."""

import math
from functools import lru_cache

import torch
from torch import Tensor

from scripts.voice_training.discriminators import Opinion
from scripts.voice_training.network import RATE

ADVERSARIAL, FEATURES, RECONSTRUCTION = 1.0, 100.0, 1.0
"""λ_adv, λ_feat and λ_rec of the paper's equation 6."""
COMMITMENT, PHASES, DENOISED = 3000.0, 100000.0, 100.0
"""Chosen so that their gradients are as strong as the reconstruction's; the first is VQ-VAE's (arXiv
1711.00937), as a share of the features' energy."""
WINDOWS = tuple(1 << power for power in range(6, 12))
BANDS, LEAST, TINY = 64, 1e-2, 1e-5
COMPRESSED_WINDOWS, COMPRESSION, FLOOR = (256, 1024), 0.3, 1e-5


def reconstruction(heard: Tensor, said: Tensor) -> Tensor:
    """Equations 4 and 5: mel spectrograms of windows of 64 to 2048 samples, hops of a quarter; the plain
    difference and that of the logarithms, weighed by sqrt(window / 2) (Gritsenko et al., arXiv
    2008.01160)."""
    total = heard.new_zeros(())
    for window in WINDOWS:
        ours, theirs = (_mel(sound, window) for sound in (heard, said))
        logs = (torch.log(ours + LEAST) - torch.log(theirs + LEAST)).square().sum(1).add(TINY).sqrt()
        total = total + (ours - theirs).abs().sum(1).mean() + math.sqrt(window / 2) * logs.mean()
    return total


def phases(heard: Tensor, said: Tensor) -> Tensor:
    """Complex spectrograms whose magnitudes are compressed, to the power of 0.3: half of the difference is
    that of the magnitudes alone (Braun and Tashev, arXiv 2009.12286, equation 5)."""
    parts = []
    for window in COMPRESSED_WINDOWS:
        ours, theirs = (_compressed(sound, window) for sound in (heard, said))
        apart = (ours - theirs).square()
        parts.append((apart[0] + apart[1:].sum(0)).mean() / 2)
    return torch.stack(parts).sum()


def left_of_noise(heard: Tensor, said: Tensor, denoise: Tensor) -> Tensor:
    """How far the clips that are to be clean are from it, in negative dB of `si_sdr`."""
    return -si_sdr(heard, said)[denoise[:, 0, 0] > 0].mean()


def of_generator(heard: list[Opinion]) -> Tensor:
    """Equation 2: each discriminator is to take it for what was said; hinge."""
    return torch.stack([(1 - verdict).relu().mean() for verdict, _ in heard]).mean()


def of_discriminators(heard: list[Opinion], said: list[Opinion]) -> Tensor:
    """Equation 1; hinge."""
    parts = [
        (1 - real).relu().mean() + (1 + made).relu().mean()
        for (made, _), (real, _) in zip(heard, said, strict=True)
    ]
    return torch.stack(parts).mean()


def of_features(heard: list[Opinion], said: list[Opinion]) -> Tensor:
    """Equation 3: what the discriminators see on the way is to be the same."""
    parts = [
        (made - real.detach()).abs().mean()
        for (_, ours), (_, theirs) in zip(heard, said, strict=True)
        for made, real in zip(ours, theirs, strict=True)
    ]
    return torch.stack(parts).mean()


def si_sdr(heard: Tensor, said: Tensor) -> Tensor:
    """Scale-invariant signal-to-distortion ratio in dB (Le Roux et al., arXiv 1811.02508), [B, 1, N] →
    [B]."""
    share = (heard * said).sum(2, keepdim=True) / said.square().sum(2, keepdim=True).clamp(min=1e-9)
    target = share * said
    left = (heard - target).square().sum((1, 2)).clamp(min=1e-9)
    return 10 * torch.log10(target.square().sum((1, 2)).clamp(min=1e-9) / left)


def _compressed(sound: Tensor, window: int) -> Tensor:
    """Magnitude, real and imaginary part [3, B, frequencies, frames]."""
    shape = torch.hann_window(window, device=sound.device)
    found = torch.stft(sound[:, 0], window, window // 4, window=shape, normalized=True, return_complex=True)
    size = (found.real.square() + found.imag.square() + FLOOR).sqrt()
    return torch.stack([size, found.real, found.imag]) * size ** (COMPRESSION - 1)


def _mel(sound: Tensor, window: int) -> Tensor:
    """[B, bands, frames]; no more bands than there are frequencies."""
    shape = torch.hann_window(window, device=sound.device)
    found = torch.stft(sound[:, 0], window, window // 4, window=shape, return_complex=True).abs()
    return _bands(window).to(sound.device) @ found


@lru_cache
def _bands(window: int) -> Tensor:
    """Triangles, evenly spread over mels, [bands, frequencies]."""
    count = min(BANDS, window // 4)
    top = 2595 * math.log10(1 + RATE / 2 / 700)
    edges = 700 * (10 ** (torch.linspace(0, top, count + 2) / 2595) - 1) / RATE * window
    at = torch.arange(window // 2 + 1)
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rise, fall = (at - low) / (middle - low), (high - at) / (high - middle)
    triangles = torch.minimum(rise, fall).clamp(min=0)
    return triangles / triangles.sum(1, keepdim=True).clamp(min=1e-3)
