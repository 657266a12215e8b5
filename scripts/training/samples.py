"""What the network gets to see: pieces of the cached pictures, changed in all ways that a screen's pictures
may differ. Sample number n is the same in every run with the same seed."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from scripts.training.cache import Group, Picture

Floats = npt.NDArray[np.float32]
Random = np.random.Generator

SHIFT = 8  # px: the most that the two views of a moving crop are apart, each way
SIZES = ((192, 320), (192, 320), (192, 320), (192, 256), (224, 352), (256, 448), (160, 288), (256, 256))
EARLY_SIZES = ((96, 160), (96, 160), (128, 192), (128, 224), (160, 256), (192, 320))  # more steps a minute
MOST = 12  # pictures in a batch, however small
SHARES = {"photos": 0.45, "cut_outs": 0.15, "scenes": 0.33, "desktops": 0.07}


@dataclass(frozen=True)
class Batch:
    """`pictures` uint8[n, 3, h + SHIFT, w + SHIFT] RGB, `depths` float32[n, 1, …] 0…1, `exact` bool[n]: drawn
    by us and not the teacher's opinion."""

    pictures: Tensor
    depths: Tensor
    exact: Tensor


class Samples(IterableDataset[Batch]):
    """Batches without end, from batch number `start` on; `early` of them are small."""

    def __init__(self, groups: dict[str, Group], seed: int, start: int, size: int, early: bool) -> None:
        self.groups, self.seed, self.start, self.size, self.early = groups, seed, start, size, early

    def __iter__(self) -> Iterator[Batch]:
        cv2.setNumThreads(1)
        info = get_worker_info()
        first, every = (info.id, info.num_workers) if info is not None else (0, 1)
        for number in itertools.count(self.start + first, every):
            yield self.batch(number)

    def batch(self, number: int) -> Batch:
        random = np.random.default_rng([self.seed, number])
        sizes = EARLY_SIZES if self.early else SIZES
        rows, columns = sizes[random.integers(len(sizes))]
        count = min(MOST, max(4, round(self.size * 192 * 320 / (rows * columns))))
        names = random.choice(list(SHARES), count, p=list(SHARES.values()))
        found = [self.sample(random, name, rows + SHIFT, columns + SHIFT) for name in names]
        pictures = np.stack([picture for picture, _ in found]).transpose(0, 3, 1, 2)
        depths = np.stack([depth for _, depth in found])[:, None]
        exact = names != "photos"
        return Batch(
            torch.from_numpy(np.ascontiguousarray(pictures)),
            torch.from_numpy(depths),
            torch.from_numpy(exact),
        )

    def sample(self, random: Random, name: str, rows: int, columns: int) -> tuple[Picture, Floats]:
        group = self.groups[name]
        picture, depth = group[int(random.integers(len(group)))]
        picture, depth = piece(random, picture, depth, rows, columns, smooth=name == "photos")
        return colours(random, picture), depth


def piece(
    random: Random, picture: Picture, depth: Floats, rows: int, columns: int, smooth: bool
) -> tuple[Picture, Floats]:
    """A crop at this size, mirrored or not; exact depth is never mixed from two sides of an edge."""
    high, wide = depth.shape
    stretch = columns / rows * np.exp(random.normal(0, 0.12))  # width over height of what is cut
    part = np.sqrt(random.uniform(0.5, 1.0))
    cut_wide = min(wide, high * stretch) * part
    cut_high = int(min(high, cut_wide / stretch))
    cut_wide = int(cut_wide)
    top, left = random.integers(high - cut_high + 1), random.integers(wide - cut_wide + 1)
    here = np.s_[top : top + cut_high, left : left + cut_wide]
    size = (columns, rows)
    shrinks = cut_high > rows
    picture = cv2.resize(picture[here], size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    depth = cv2.resize(depth[here], size, interpolation=cv2.INTER_LINEAR if smooth else cv2.INTER_NEAREST)
    if random.random() < 0.5:
        picture, depth = picture[:, ::-1], depth[:, ::-1]
    return np.ascontiguousarray(picture), np.ascontiguousarray(depth)


def colours(random: Random, picture: Picture) -> Picture:
    """Another exposure, contrast, tint or saturation; blur, noise, JPEG."""
    table = np.arange(256) / 255
    curves = []
    gamma, contrast, light = (
        np.exp(random.normal(0, 0.3)),
        random.uniform(0.6, 1.3),
        random.uniform(0.6, 1.25),
    )
    for _ in range(3):
        tint = np.exp(random.normal(0, 0.07))
        curves.append(np.clip(((table**gamma - 0.5) * contrast + 0.5) * light * tint, 0, 1) * 255)
    picture = cv2.LUT(picture, np.stack(curves, axis=-1).astype(np.uint8)[None])
    if random.random() < 0.3:
        grey = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        much = random.choice([1.0, random.uniform(-0.4, 0.8)])
        picture = cv2.addWeighted(grey, much, picture, 1 - much, 0)
    chance = random.random()
    if chance < 0.12:
        picture = cv2.GaussianBlur(picture, (0, 0), random.uniform(0.4, 1.4))
    elif chance < 0.27:
        noise = random.normal(0, random.uniform(2, 12), picture.shape).astype(np.float32)
        picture = np.clip(picture + noise, 0, 255).astype(np.uint8)
    if random.random() < 0.2:
        quality = int(random.integers(25, 90))
        packed = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        picture = cv2.imdecode(packed, cv2.IMREAD_COLOR)
    return np.asarray(picture, np.uint8)
