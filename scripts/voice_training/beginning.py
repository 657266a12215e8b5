"""The weights that training begins with: a transform codec in the network's own layers.

From random weights a network without normalisation needs tens of thousands of steps before anything comes
through it: the signal shrinks from layer to layer until only the biases are left. So it begins as what it has
to become better than. The encoder's strides build the cosine transform (Ahmed et al., 1974) of each frame out
of those of its halves, quarters and so on; the lowest of its coefficients are the features, and the decoder
takes the same way back. ELU lets so small a signal through nearly unchanged. All other weights are random and
small, so that gradients find them.
"""

import math

import torch
from torch import Tensor, nn

from scripts.voice_training.layers import CausalConv, CausalUp, ResidualUnit
from scripts.voice_training.network import STRIDES, SoundStream

ENCODED, QUIET = 0.03, 0.1  # how loud the signal is in the encoder and in the decoder, beside the sound: ELU
# bends the first too little to be heard; of the second it leaves the decoder something to learn with
ELSEWHERE = 0.1  # how strong weights are that are no part of the transform, of 1 / sqrt(inputs)


@torch.no_grad()
def begin_as_transform(net: SoundStream) -> None:
    """Overwrites all weights of the encoder and the decoder but its gate's."""
    for module in net.from_sound_to_sound.modules():
        if isinstance(module, CausalConv | CausalUp):
            _randomise(module, ELSEWHERE)
        if isinstance(module, CausalConv) and module.bias is not None:
            module.bias.zero_()
    for module in net.from_sound_to_sound.modules():
        if isinstance(module, ResidualUnit):
            _randomise(module.wide, 1.0)
            module.narrow.weight.zero_()
    net.decoder.film.weight.zero_()
    _encode(net)
    _decode(net)


def _encode(net: SoundStream) -> None:
    """A strided kernel is two strides long; its later half is the block that ends now."""
    first, *strided, last = [layer for layer in net.encoder.row if isinstance(layer, CausalConv)]
    _only(first.weight[:1], 1, ENCODED)
    for layer, step in zip(strided, _steps(), strict=True):
        outputs, inputs = _that_fit(step, layer.out_channels, layer.in_channels)
        layer.weight[:outputs] = 0
        layer.weight[:outputs, :inputs, layer.stride[0] :] = step[:outputs, :, :inputs].permute(0, 2, 1)
    _only(last.weight, len(last.weight), 1)


def _decode(net: SoundStream) -> None:
    """The first half of a transposed kernel is the block that begins now."""
    ups = [layer for layer in net.decoder.row if isinstance(layer, CausalUp)]
    features = net.decoder.first.in_channels
    _only(net.decoder.first.weight, features, QUIET / ENCODED)
    for layer, step in zip(ups, reversed(_steps()), strict=True):
        inputs, outputs = _that_fit(step, layer.in_channels, layer.out_channels)
        layer.weight[:, :outputs] = 0
        layer.weight[:inputs, :outputs, : layer.hop] = step[:inputs, :, :outputs].permute(0, 2, 1)
    last = net.decoder.row[-1]
    assert isinstance(last, CausalConv)
    _only(last.weight, 1, 1 / QUIET)


def _steps() -> list[Tensor]:
    """For each stride [coefficients, blocks, coefficients of a block]: from the blocks' cosine transforms to
    that of all of them together. Orthogonal."""
    length, steps = 1, []
    for stride in STRIDES:
        apart = torch.kron(torch.eye(stride, dtype=torch.float64), _cosines(length).T.contiguous())
        steps.append((_cosines(length * stride) @ apart).reshape(-1, stride, length).float())
        length *= stride
    return steps


def _cosines(length: int) -> Tensor:
    """The orthonormal DCT-II, [coefficients, samples]."""
    hertz, at = torch.arange(length, dtype=torch.float64)[:, None], torch.arange(length) + 0.5
    found = torch.cos(math.pi / length * hertz * at) * math.sqrt(2 / length)
    found[0] /= math.sqrt(2)
    return found


def _that_fit(step: Tensor, large: int, small: int) -> tuple[int, int]:
    """The lowest coefficients, as many as there are channels."""
    return min(len(step), large), min(step.shape[2], small)


def _only(weight: Tensor, channels: int, value: float) -> None:
    """Each of these channels passes on what it has now, times `value`."""
    weight.zero_()
    at = torch.arange(min(channels, weight.shape[1]))
    weight[at, at, -1] = value


def _randomise(layer: nn.Conv1d | nn.ConvTranspose1d, strength: float) -> None:
    """`strength` 1 keeps the energy."""
    outputs_first = isinstance(layer, nn.Conv1d)
    inputs = layer.weight[0].numel() if outputs_first else 2 * layer.in_channels
    layer.weight.normal_(0, strength / math.sqrt(inputs))
