#!/usr/bin/env python3
"""Trains the depth network of the house from pictures to weights: one command, some two hours on two cores or
some minutes on a GPU.

Wants STEREORING_DATA (photos/) and STEREORING_MODELS (the teacher's checkpoint). Draws the training pictures
into --cache once, trains for --minutes (Ctrl-C ends early and still writes), and puts small_depth.onnx,
small_depth.safetensors and training.json with their sha256 into --out. Started again after a stop it goes on.
"""

import argparse
import hashlib
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.training.cache import Group, Pair, make_group, unit_range
from scripts.training.export import export
from scripts.training.layers import COLUMNS, ROWS, cut_outs, desktop
from scripts.training.photos import Picture, load_photos, sharpen
from scripts.training.scenes import KINDS, make_scene
from scripts.training.teacher import Teacher, label, load_teacher
from scripts.training.trainer import Plan, Trainer, write_json

REPO = Path(__file__).resolve().parents[1]
VALIDATION_SIZE = (320, 192)  # columns, rows


@dataclass(frozen=True)
class Counts:
    """How many pictures of each group are drawn."""

    scenes: int = 3600
    cut_outs: int = 2400
    desktops: int = 500


def main() -> int:
    options = parse()
    cv2.setNumThreads(1)
    photos, held_out = load_photos()
    teacher = load_teacher()
    groups = draw(options.cache, photos, teacher, Counts(), options.seed, options.jobs)
    plan = Plan(
        options.minutes, options.seed, options.batch, options.device, options.workers, options.threads
    )
    validation = validation_of(held_out, teacher, options.seed)
    trainer = Trainer(plan, groups, teacher.encoder, validation, options.run)
    net = trainer.run()
    hashes = export(net, options.out)
    write_json(
        options.out / "training.json",
        {"run": trainer.summary(), "validation": trainer.validate(), "sha256": hashes},
    )
    shutil.copy(options.run / "log.csv", options.out / "training.csv")
    for name, digest in hashes.items():
        print(f"{digest}  {options.out / name}")
    return 0


def parse() -> argparse.Namespace:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "stereoring" / "training"
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument(
        "--minutes", type=float, default=120, help="of training, after the pictures are drawn"
    )
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--batch", type=int, default=16, help="pictures of 192 x 320 in a step")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="that learn; 1 for a GPU")
    parser.add_argument("--workers", type=int, default=1, help="processes that prepare batches; 8 for a GPU")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes that draw")
    parser.add_argument("--cache", type=Path, default=cache, help="where drawn pictures are kept, 3 GB")
    parser.add_argument(
        "--run", type=Path, default=cache / "run", help="checkpoint, loss log, validation pictures"
    )
    parser.add_argument(
        "--out", type=Path, default=REPO / "workers/depth/built_in", help="where the weights go"
    )
    return parser.parse_args()


def draw(
    folder: Path, photos: list[Picture], teacher: Teacher, counts: Counts, seed: int, jobs: int
) -> dict[str, Group]:
    """The training pictures, drawn where they are not there yet."""
    kinds = list(KINDS.values())
    torch.set_num_threads(1)  # each of the jobs has one

    def photo(i: int) -> Pair:
        return labelled(photos[i], teacher)

    def scene(i: int) -> Pair:
        return make_scene(kinds[i % len(kinds)], np.random.default_rng([seed, i]), photos, ROWS, COLUMNS)

    def layered(make: Callable[..., Pair], group: int) -> Callable[[int], Pair]:
        return lambda i: make(np.random.default_rng([seed, i, group]), Group(folder, "photos"))

    makes = {
        "photos": (photo, len(photos)),
        "scenes": (scene, counts.scenes),
        "cut_outs": (layered(cut_outs, 1), counts.cut_outs),
        "desktops": (layered(desktop, 2), counts.desktops),
    }
    seen, drawn = origin_of(photos, teacher), f"seed {seed}, {ROWS} x {COLUMNS}"
    for name, (make, count) in makes.items():
        make_group(folder, name, make, count, jobs, seen if name == "photos" else f"{drawn}, {seen}")
    return {name: Group(folder, name) for name in makes}


def origin_of(photos: list[Picture], teacher: Teacher) -> str:
    """What tells these photos and this teacher's opinions from others."""
    pixels, weights = hashlib.sha256(), hashlib.sha256()
    for photo in photos:
        pixels.update(repr(photo.shape).encode() + photo.tobytes())
    for part in teacher.state_dict().values():
        weights.update(part.numpy().tobytes())
    return f"photos {pixels.hexdigest()}, teacher {weights.hexdigest()}"


def labelled(photo: Picture, teacher: Teacher) -> Pair:
    """A photo with the teacher's opinion, its edges drawn along the photo's."""
    return photo, sharpen(unit_range(label(teacher, photo)), photo)


def validation_of(held_out: list[Picture], teacher: Teacher, seed: int) -> list[Pair]:
    """Photos that were held out, and as many scenes of the kinds that are trained on but never seen."""
    pairs = [labelled(photo, teacher) for photo in held_out]
    for i, make in enumerate(KINDS.values()):
        pairs.append(make_scene(make, np.random.default_rng([seed, i, 3]), held_out, ROWS, COLUMNS))
    return [
        (
            cv2.resize(picture, VALIDATION_SIZE, interpolation=cv2.INTER_AREA),
            cv2.resize(unit_range(inverse), VALIDATION_SIZE, interpolation=cv2.INTER_NEAREST),
        )
        for picture, inverse in pairs
    ]


if __name__ == "__main__":
    sys.exit(main())
