"""The teacher: TCMonoDepth's small network (MIT, (c) 2021 Yu Li), for any size, from its published weights.

Structure after https://github.com/yu-li/TCMonoDepth: a ShuffleNetV2 0.5x encoder (Ma et al. 2018) and a
decoder of three separable convolutions. The names of the parts are those of the checkpoint.
"""

import os
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

CHECKPOINT = "depth/tcmonodepth_small.pt.tar"
STAGES = ((4, 48), (8, 96), (4, 192))  # blocks and channels of each

Picture = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


def load_teacher() -> "Teacher":
    """From the folder that STEREORING_MODELS names."""
    folder = os.environ.get("STEREORING_MODELS")
    path = Path(folder or ".") / CHECKPOINT
    if folder is None or not path.is_file():
        raise SystemExit(
            f"the teacher's weights are not at {path}: let STEREORING_MODELS name the folder that has "
            f"{CHECKPOINT} "
            "(https://github.com/yu-li/TCMonoDepth, weights/_ckpt_small.pt.tar)"
        )
    teacher = Teacher()
    teacher.load_state_dict(torch.load(path, weights_only=True, map_location="cpu"))
    return teacher.eval()


class Teacher(nn.Module):
    """RGB float32[n, 3, h, w] 0…255, sides multiples of 32 → relative inverse depth float32[n, 1, h, w]."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder()
        self.decoder = _Decoder()

    def forward(self, picture: Tensor) -> Tensor:
        return self.decoder(*self.encoder(picture / 255))


@torch.inference_mode()
def label(teacher: Teacher, picture: Picture, short_sides: tuple[int, ...] = (192, 320, 384)) -> Floats:
    """The teacher's best opinion on a picture uint8[h, w, 3]: the mean over sizes and both ways round, each
    brought to the same median and spread, as relative inverse depth float32[h, w]."""
    rows, columns = picture.shape[:2]
    total = np.zeros((rows, columns), np.float32)
    for short in short_sides:
        scale = short / min(rows, columns)
        size = (round(columns * scale / 32) * 32, round(rows * scale / 32) * 32)
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        batch = torch.from_numpy(np.stack([small, small[:, ::-1]]).transpose(0, 3, 1, 2).astype(np.float32))
        straight, mirrored = teacher(batch)[:, 0].numpy()
        both = cv2.resize(straight + mirrored[:, ::-1], (columns, rows), interpolation=cv2.INTER_CUBIC)
        middle = np.median(both)
        total += (both - middle) / (np.abs(both - middle).mean() + 1e-6)
    return total - total.min()


def _unit(
    channels_in: int, channels_out: int, kernel: int, stride: int = 1, groups: int = 1
) -> list[nn.Module]:
    padding = kernel // 2
    return [
        nn.Conv2d(channels_in, channels_out, kernel, stride, padding, groups=groups, bias=False),
        nn.BatchNorm2d(channels_out),
    ]


class _Shuffle(nn.Module):
    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        half = channels_out // 2
        own = channels_in if stride == 2 else channels_in // 2
        left = channels_out - own
        self.branch_main = nn.Sequential(
            *_unit(own, half, 1),
            nn.ReLU(),
            *_unit(half, half, 3, stride, half),
            *_unit(half, left, 1),
            nn.ReLU(),
        )
        self.branch_proj = (
            nn.Sequential(*_unit(own, own, 3, 2, own), *_unit(own, own, 1), nn.ReLU())
            if stride == 2
            else None
        )

    def forward(self, x: Tensor) -> Tensor:
        if self.branch_proj is not None:
            return torch.cat((self.branch_proj(x), self.branch_main(x)), 1)
        return torch.cat((x[:, 0::2], self.branch_main(x[:, 1::2])), 1)


class Encoder(nn.Module):
    """RGB 0…1 → what it sees at 1/2, 1/4, 1/8 and 1/16 of the size."""

    def __init__(self) -> None:
        super().__init__()
        self.first_conv = nn.Sequential(*_unit(3, 24, 3, 2), nn.ReLU())
        blocks: list[nn.Module] = []
        channels = 24
        for count, wide in STAGES:
            blocks += [_Shuffle(channels if i == 0 else wide, wide, 2 if i == 0 else 1) for i in range(count)]
            channels = wide
        self.features = nn.Sequential(*blocks)
        self.stage1, self.stage2, self.stage3 = self.features[:4], self.features[4:12], self.features[12:]

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        half = self.first_conv(x)
        quarter = self.stage1(half)
        eighth = self.stage2(quarter)
        return half, quarter, eighth, self.stage3(eighth)


class _SeparableConv(nn.Module):
    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.conv = nn.Sequential(
            *_unit(channels_in, channels_in, 3, 1, channels_in),
            nn.ReLU(),
            nn.Conv2d(channels_in, channels_out, 1, bias=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x)


class _DecoderBlock(nn.Module):
    def __init__(self, skip: int, below: int, out: int) -> None:
        super().__init__()
        self.skip_conv = nn.Sequential(*_unit(skip, below // 4, 1), nn.ReLU())
        self.last_conv = nn.Sequential(
            _SeparableConv(below + below // 4, out), nn.BatchNorm2d(out), nn.ReLU()
        )

    def forward(self, skip: Tensor, below: Tensor) -> Tensor:
        skip = self.skip_conv(skip)
        below = F.interpolate(below, scale_factor=2, mode="bilinear", align_corners=False)
        return self.last_conv(torch.cat((below, skip), 1))


class _Decoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.decoder3, self.decoder2 = _DecoderBlock(96, 192, 96), _DecoderBlock(48, 96, 48)
        self.decoder1 = _DecoderBlock(24, 48, 24)
        self.final = nn.Conv2d(24, 1, 3, padding=1)
        # For its own training only, but the checkpoint has them.
        self.final2, self.final3 = (nn.Sequential(nn.Conv2d(wide, 1, 3, padding=1)) for wide in (48, 96))

    def forward(self, half: Tensor, quarter: Tensor, eighth: Tensor, sixteenth: Tensor) -> Tensor:
        x = self.decoder1(half, self.decoder2(quarter, self.decoder3(eighth, sixteenth)))
        x = F.relu(self.final(x))
        return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
