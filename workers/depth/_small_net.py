"""The depth network of our own, in torch: for training and for whoever wants it there. The program itself
runs the same network from built_in/small_depth.onnx and needs no torch.

An encoder-decoder of plain 3x3 convolutions, which onnxruntime does best on a CPU: five halvings, a glance at
the whole picture at the bottom, then up again along the skips.

The last step knows at half size how near the nearest and the farthest thing around each place is, and decides
for each pixel of the full size to which of the two it belongs. Where it is in doubt an edge still comes out
soft, as is right for what it learns; what it drew is sharpened at the very end, after training.
"""

from copy import deepcopy
from itertools import pairwise
from pathlib import Path
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

WIDTHS = (16, 32, 64, 128, 120)  # channels at 1/2, 1/4, 1/8, 1/16 and 1/32 of the size
BLOCKS = (0, 0, 2, 2, 1)  # residual blocks there
AROUND = 5  # places at half size, each way
STEEP = 24  # how much a soft edge is narrowed
LEAST = 0.05  # of the map's range: the height of a step that is sharpened half as much as a high one


class SmallDepth(nn.Module):
    """RGB float32[n, 3, h, w] 0…255, sides multiples of 32 → relative inverse depth float32[n, 1, h, w] ≥ 0,
    greater = nearer, about 0…1."""

    def __init__(self) -> None:
        super().__init__()
        channels = (3, *WIDTHS)
        self.down = nn.ModuleList(
            nn.Sequential(conv(before, wide, stride=2), *(Residual(wide) for _ in range(blocks)))
            for before, wide, blocks in zip(channels, WIDTHS, BLOCKS, strict=False)
        )
        self.glance = nn.Conv2d(WIDTHS[-1], WIDTHS[-1], 1)
        steps = list(pairwise(WIDTHS))[::-1]  # the lowest first
        self.narrow = nn.ModuleList(nn.Conv2d(below, wide, 1) for wide, below in steps)
        self.merge = nn.ModuleList(conv(wide, wide) for wide, _ in steps)
        self.out = nn.Conv2d(WIDTHS[0], 1 + 4, 3, padding=1)  # depth, and the choice at four pixels

    def forward(self, picture: Tensor) -> Tensor:
        return sharpened(self.rough(self.features(picture)))

    def features(self, picture: Tensor) -> Tensor:
        """float[n, 16, h/2, w/2]; may run in bfloat16."""
        return self.decode(self.encode(picture))

    def encode(self, picture: Tensor) -> list[Tensor]:
        """What is seen at 1/2, 1/4, 1/8, 1/16 and 1/32 of the size."""
        x: Tensor = picture / 255
        seen = []
        for stage in self.down:
            x = stage(x)
            seen.append(x)
        return seen

    def decode(self, seen: list[Tensor]) -> Tensor:
        """All of it brought together at 1/2 of the size."""
        lowest = seen[-1]
        x: Tensor = lowest + self.glance(lowest.mean((2, 3), keepdim=True))
        for narrow, merge, skip in zip(self.narrow, self.merge, seen[-2::-1], strict=True):
            # Bilinear and not nearest: blocks that jump as the picture moves would flicker.
            x = merge(F.interpolate(narrow(x), scale_factor=2.0, mode="bilinear", align_corners=False) + skip)
        return x

    def rough(self, features: Tensor) -> Tensor:
        """The depth map, not sharpened; in float32, or bfloat16's steps would show in it."""
        found = self.out(features)
        choice = F.sigmoid(F.pixel_shuffle(found[:, 1:], 2))
        far, near = around(both(F.relu(found[:, :1])))
        return far + (near - far) * choice


def sharpened(depth: Tensor) -> Tensor:
    """float32[n, 1, h, w], each pixel moved towards the nearest or the farthest around it, whichever it is
    closer to: Kramer and Bruckner, "Iterations of a non-linear transformation for enhancement of digital
    images", 1975, in a smooth form, where a slope stays as it is. The network never learns through it: it
    would draw its edges softer, since in doubt that costs it less."""
    far, near = around(F.max_pool2d(both(depth), 2))
    height = near - far
    share = (depth - far) / (height + 1e-3)
    steep = far + height * F.sigmoid(STEEP * (share - 0.5))
    return depth + (steep - depth) * height**2 / (height**2 + LEAST**2)


def both(depth: Tensor) -> Tensor:
    """How far and how near, float32[n, 2, h, w] of float32[n, 1, h, w]."""
    return torch.cat((-depth, depth), dim=1)


def around(pairs: Tensor) -> tuple[Tensor, Tensor]:
    """The farthest and the nearest around each place of float32[n, 2, h, w], each float32[n, 1, 2h, 2w]."""
    widest = F.max_pool2d(pairs, AROUND, stride=1, padding=AROUND // 2)
    large = F.interpolate(widest, scale_factor=2.0, mode="bilinear", align_corners=False)
    return -large[:, :1], large[:, 1:]


class Residual(nn.Module):
    """Two convolutions whose result is added to what goes in."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = conv(channels, channels)
        self.second = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.second(self.first(x)))


def conv(channels_in: int, channels_out: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(),
    )


def folded(net: SmallDepth) -> SmallDepth:
    """A copy for inference whose batch normalisations are folded into their convolutions. `net` is in eval
    mode; the copy's state has one weight and one bias for each convolution."""
    net = deepcopy(net)
    for module in list(net.modules()):
        if isinstance(module, nn.Sequential) and len(module) > 1 and isinstance(module[1], nn.BatchNorm2d):
            module[0] = fuse_conv_bn_eval(cast(nn.Conv2d, module[0]), module[1])
            module[1] = nn.Identity()
    return net


def load(file: Path) -> SmallDepth:
    """The network for inference from a .safetensors file as the training writes it: batch normalisations
    folded, weights in half precision."""
    from safetensors.torch import load_file  # what only defines or trains the network has no need of it

    net = folded(SmallDepth().eval())
    net.load_state_dict({name: weight.float() for name, weight in load_file(file).items()})
    return net
