"""The decoder's gate learns by itself, when the encoder has learned: features are learned from much quicker
than sound, and FiLM alone gained 0.6 dB where both gain more than 3."""

from collections.abc import Sequence

import torch
from torch import Tensor

from scripts.voice_training.layers import Memory
from scripts.voice_training.losses import si_sdr
from scripts.voice_training.network import Encoder, Gate, expanded
from scripts.voice_training.sounds import Sound, noisy_of

FRAMES = 240  # of a clip: 3.2 s, of which its memory is one
AT_ONCE, EACH = 16, 32  # clips in a step; how often each is learned from
RATE_OF_LEARNING, WARM = 2e-3, 100  # which falls to nothing


def learn_gate(gate: Gate, encoder: Encoder, sounds: Sequence[Sound], clips: int, seed: int) -> None:
    """From what the encoder says before the books: to imitate their errors changed nothing."""
    device = next(encoder.parameters()).device
    noisy, clean = _encoded(encoder, sounds, clips, seed)
    steps = EACH * clips // AT_ONCE
    chosen = torch.Generator().manual_seed(seed)
    gate.requires_grad_(True)
    optimizer = torch.optim.Adam(gate.parameters())
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = RATE_OF_LEARNING * min(1.0, (step + 1) / WARM) * (1 - step / steps)
        some = torch.randint(len(noisy), (AT_ONCE,), generator=chosen)
        heard, said = noisy[some].to(device), clean[some].to(device)
        loss = -si_sdr(*(each.flatten(1)[:, None] for each in (heard * gate(heard, Memory()), said))).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(gate.parameters(), 1.0)
        optimizer.step()
    gate.requires_grad_(False)


@torch.no_grad()
def _encoded(encoder: Encoder, sounds: Sequence[Sound], clips: int, seed: int) -> tuple[Tensor, Tensor]:
    """The features of noisy speech and of the same without noise, [clips, D, FRAMES] both."""
    device = next(encoder.parameters()).device
    noisy, clean = list[Tensor](), list[Tensor]()
    for number in range(clips // AT_ONCE):
        both = noisy_of(sounds, [seed, number, 4], AT_ONCE, FRAMES)
        for found, sound in zip((noisy, clean), both, strict=True):
            found.append(expanded(encoder(sound.to(device), Memory())).cpu())
    return torch.cat(noisy), torch.cat(clean)
