#!/usr/bin/env python3
"""The two views: how right and how fast, beside what peers do; all of it in one run.

Quality: the right view is made from the left one and its true disparity and compared with the true right view
(scripts/stereo_paths/). `aloe` and `motorcycle` are pairs of real photographs, the others are cut
out of photographs. Speed:
both eyes of a frame, side by side at full size, with the very same function and settings; beside it two
cv2.remap with ready maps, which is the least that a backward warp can cost. `nearness` is what it takes to
bring a network's map to full size along the picture's edges; with a `small map` both eyes include that. All
take turns, on two threads; the figures are the quickest of all rounds, as other work on the machine only ever
adds.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numba
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.stereo_paths import peers
from scripts.stereo_paths.pairs import Map, Pair, Picture, aloe, made, motorcycle
from scripts.stereo_paths.scores import psnr, ssim
from workers.stereo import Settings
from workers.stereo._layout import lay_out
from workers.stereo._parallax import Parallax, parallax_for
from workers.stereo.warp import Quality, full_nearness, warp_views

THREADS = 2
FULL_HD, FOUR_K = (1080, 1920), (2160, 3840)
MAP = (180, 320)
MADE = 3  # pairs, each of four photographs


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=30, help="of the speed table (30)")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument(
        "--motorcycle",
        type=Path,
        metavar="WHEEL",
        help="a second real pair, in a scikit-image 0.16 wheel (for Python 3.7, whatever runs this): "
        "pip download --no-deps --python-version 3.7 --only-binary=:all: scikit-image==0.16.2",
    )
    options = parser.parse_args()
    data = os.environ.get("STEREORING_DATA")
    if not data:
        sys.exit("STEREORING_DATA is not set: where are the pictures?")
    numba.set_num_threads(min(THREADS, numba.config.NUMBA_NUM_THREADS))
    cv2.setNumThreads(THREADS)
    photos = sorted((Path(data) / "photos").glob("*.jpg"))
    pairs = [aloe(Path(data) / "depth" / "aloe")]
    pairs += [motorcycle(options.motorcycle)] if options.motorcycle else []
    pairs += [made(f"made {k + 1}", photos[4 * k : 4 * k + 4]) for k in range(min(MADE, len(photos) // 4))]
    quality = [row for pair in pairs for row in judge(pair)]
    speed = measure(pairs[0], options.rounds)
    print(
        json.dumps({"quality": quality, "speed": json_of(speed)}) if options.json else text_of(quality, speed)
    )
    return 0


def judge(pair: Pair) -> list[dict[str, Any]]:
    methods: dict[str, Callable[[], Picture]] = {
        "backward (Desktop2Stereo)": lambda: peers.backward(pair.left, pair.disparity),
        "forward_fill (iw3)": lambda: peers.forward_fill(pair.left, pair.disparity),
        "fast": lambda: right_view(pair, "fast"),
        "best": lambda: right_view(pair, "best"),
    }
    rows = []
    for method, make in methods.items():
        view = make()
        scores = {"psnr": psnr(view, pair.right, pair.fair), "ssim": ssim(view, pair.right, pair.fair)}
        rows.append({"pair": pair.name, "method": method} | scores)
    return rows


def right_view(pair: Pair, quality: Quality) -> Picture:
    """As the program makes it, in one picture with the left one; nearness such that its parallax is the
    disparity."""
    parallax = Parallax(255.0, 0.0, float(pair.disparity.max()))
    picture = both_eyes(pair.left, pair.disparity / np.float32(255), parallax, quality)
    return picture[:, pair.left.shape[1] :]


def both_eyes(frame: Picture, nearness: Map, parallax: Parallax, quality: Quality) -> Picture:
    layout = lay_out("full-sbs", frame.shape[0], frame.shape[1], False)
    picture = np.empty((layout.rows, layout.columns, 3), np.uint8)
    warp_views(frame, nearness, parallax, picture, layout, quality)
    return picture


def measure(pair: Pair, rounds: int) -> dict[str, list[float]]:
    """What → ms of each round."""
    jobs = jobs_of(pair)
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, job in jobs.items():
            begin = time.perf_counter()
            job()
            times[name].append((time.perf_counter() - begin) * 1e3)
    for job in jobs.values():
        job()
    return times


def jobs_of(pair: Pair) -> dict[str, Callable[[], object]]:
    """On the pair's left view with its true nearness, and the settings' own parallax."""
    jobs: dict[str, Callable[[], object]] = {}
    for name, size in (("1080p", FULL_HD), ("4k", FOUR_K)):
        frame, nearness = scaled(pair, size)
        parallax, layout = parallax_for(Settings(), size[1]), lay_out("full-sbs", *size, False)
        picture = np.empty((layout.rows, layout.columns, 3), np.uint8)
        for quality in ("best", "fast"):
            arguments: Any = frame, nearness, parallax, picture, layout, quality
            jobs[f"both eyes {name} {quality}"] = lambda given=arguments: warp_views(*given)
        jobs[f"two remap {name}"] = remap_job(frame, nearness, parallax)
        small = np.asarray(cv2.resize(nearness, MAP[::-1], interpolation=cv2.INTER_AREA), np.float32)
        given_map: Any = frame, small, "best", np.empty_like(nearness)
        jobs[f"nearness {name}"] = lambda given=given_map: full_nearness(*given)
        live: Any = frame, small, parallax, picture, layout
        jobs[f"both eyes {name} best, small map"] = lambda given=live: warp_views(*given)
    return jobs


def scaled(pair: Pair, size: tuple[int, int]) -> tuple[Picture, Map]:
    frame = cv2.resize(pair.left, size[::-1], interpolation=cv2.INTER_CUBIC)
    near = cv2.resize(pair.disparity / pair.disparity.max(), size[::-1], interpolation=cv2.INTER_NEAREST)
    return np.asarray(frame, np.uint8), np.asarray(near, np.float32)


def remap_job(frame: Picture, nearness: Map, parallax: Parallax) -> Callable[[], object]:
    height, width = nearness.shape
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    shift = np.clip(parallax.scale * (nearness - parallax.convergence), -parallax.budget, parallax.budget)
    maps, views = (x - shift, x + shift), (np.empty_like(frame), np.empty_like(frame))

    def job() -> None:
        for columns, view in zip(maps, views, strict=True):
            cv2.remap(frame, columns, y, cv2.INTER_LINEAR, dst=view)

    return job


def json_of(speed: dict[str, list[float]]) -> dict[str, float]:
    return {
        "both_eyes_1080p_ms": min(speed["both eyes 1080p best"]),
        "both_eyes_1080p_fast_ms": min(speed["both eyes 1080p fast"]),
        "two_remap_1080p_ms": min(speed["two remap 1080p"]),
        "both_eyes_4k_ms": min(speed["both eyes 4k best"]),
    }


def text_of(quality: list[dict[str, Any]], speed: dict[str, list[float]]) -> str:
    """For a person."""
    lines = [f"{'pair':<12}{'method':<28}{'PSNR dB':>9}{'SSIM':>8}"]
    lines += [
        f"{row['pair']:<12}{row['method']:<28}{row['psnr']:>9.2f}{row['ssim']:>8.3f}" for row in quality
    ]
    lines.append(f"\n{'':<32}{'quickest ms':>12}{'median ms':>11}{'× two remap':>13}")
    for name, times in speed.items():
        peer = min(speed[f"two remap {name.split()[2 if 'eyes' in name or 'remap' in name else 1]}"])
        ratio = min(times) / peer
        lines.append(f"{name:<32}{min(times):>12.2f}{np.median(times):>11.2f}{ratio:>13.2f}")
    larger = min(speed["both eyes 4k best"]) / min(speed["both eyes 1080p best"])
    lines.append(f"4K / 1080p, best: {larger:.2f}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
