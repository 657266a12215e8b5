#!/usr/bin/env python3
"""People before another background: how fast, how right and how calm, beside what peers do; all in one run.

Speed: a 720p frame, one thread, from the frame to the finished picture, medians of rounds that take turns, by
the clock and of the processor.
The published PP-HumanSeg sample is written again from what it does (people_paths/sample.py); MediaPipe's own
sample runs if `--mediapipe` names a Python that has it. Right: mean of how person and background overlap on
three pictures whose truth is known, and on forty made from them (beside both that of one look at the whole
frame). Calm: how much the masks of a clip change from frame to frame where the picture does not, over the
same of the raw masks.

Poses: of a clip, beside MediaPipe's of the very same pixels (people_paths/posing.py), in turns of a
second; and how long clients of POST /pose wait, alone and several at once (people_paths/asking.py).
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.people_paths.asking import asking
from scripts.people_paths.judging import miou, over_time
from scripts.people_paths.made import made
from scripts.people_paths.ours import Ours, Pixels
from scripts.people_paths.posing import posing
from scripts.people_paths.sample import Sample
from workers.models import find_file
from workers.person import segment
from workers.person._manifest import MODELS
from workers.person._masks import Masks
from workers.person._networks import Network

PICTURES = ("cat", "coffee", "rocket")
WARM_UP, TURN = 3, 10  # rounds
Job = Callable[[], object]
MEDIAPIPE = Path(__file__).parent / "people_paths" / "mediapipe_sample.py"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=100, help="of the speed table (100)")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--mediapipe", type=Path, metavar="PYTHON", help="one that has mediapipe 0.10.21")
    parser.add_argument("--clients", type=int, default=8, help="who ask for poses at once (8); 0: nobody")
    options = parser.parse_args()
    if not os.environ.get("STEREORING_DATA"):
        sys.exit("STEREORING_DATA is not set: where are the pictures?")
    people = Path(os.environ["STEREORING_DATA"]) / "person"
    cv2.setNumThreads(1)
    frame_file = people / "composites" / "cutout_a_cat.jpg"
    report = speed(read(frame_file), frame_file, options.mediapipe, options.rounds)
    report |= quality(people, options.rounds)
    report["pose"] = posing(people / "speaker_clip.mp4", options.mediapipe)
    report["post_pose"] = asking(people / "speaker_clip.mp4", options.clients) if options.clients else None
    flicker, lag = over_time(people / "speaker_clip.mp4", segment.Settings().model)
    report |= {"flicker_ratio": flicker, "lag_frames": lag}
    print(json.dumps(report) if options.json else text_of(report))
    return 0


def speed(frame: Pixels, file: Path, mediapipe: Path | None, rounds: int) -> dict[str, Any]:
    blue_first = np.ascontiguousarray(frame[..., ::-1])
    sample = Sample(find_file(MODELS["pphumanseg-v2"]))
    usual = segment.Settings().model
    replace, blur = Ours(usual, "colour"), Ours(usual, "blur")
    finer, portrait = Ours("selfie-general", "colour"), Ours("pphumanseg-v2", "colour")
    jobs: dict[str, Job] = {
        "background_ms": lambda: replace(frame),
        "background_general_ms": lambda: finer(frame),
        "blur_ms": lambda: blur(frame),
        "pphumanseg_ms": lambda: portrait(frame),
        "pphumanseg_sample_ms": lambda: sample(blue_first),
    }
    if mediapipe is None:
        return medians(jobs, rounds) | {"mediapipe_background_ms": None}
    with peer(mediapipe, file) as theirs:
        return medians(jobs | {"mediapipe_background_ms": theirs}, rounds)


def medians(jobs: dict[str, Job], rounds: int) -> dict[str, Any]:
    """ms of each: by the clock, and under `cpu_ms` of the processor, which on a busy machine is the one to go
    by. They take turns of several rounds, as a picture follows another one in a program that does nothing
    else."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in jobs}
    for _ in range(-(-rounds // TURN)):
        for name, job in jobs.items():
            times[name] += [timed(job) for _ in range(WARM_UP + TURN)][WARM_UP:]
    wall, work = (
        {name: float(np.median([pair[k] for pair in spent])) for name, spent in times.items()} for k in (0, 1)
    )
    return wall | {"cpu_ms": work}


def timed(job: Job) -> tuple[float, float]:
    """ms by the clock and of the processor, or what the job says itself."""
    begin, worked = time.perf_counter(), time.process_time()
    said = job()
    took = (time.perf_counter() - begin) * 1e3, (time.process_time() - worked) * 1e3
    return said if isinstance(said, tuple) and isinstance(said[0], float) else took


@contextmanager
def peer(python: Path, frame: Path) -> Iterator[Job]:
    """MediaPipe in a process of its own: each call is a round, and says what it took."""
    command = [str(python), str(MEDIAPIPE), str(frame)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        asks, answers = process.stdin, process.stdout

        def one_round() -> tuple[float, ...]:
            print(file=asks, flush=True)
            return tuple(map(float, answers.readline().split()))

        yield one_round
        asks.close()


def quality(people: Path, rounds: int) -> dict[str, Any]:
    """By network, on the three composites and on forty others (`…_made`): mIoU as it runs here, that of one
    look at the whole frame (`…_whole`); and ms of a mask."""
    frames = [read(people / "composites" / f"cutout_a_{name}.jpg") for name in PICTURES]
    alpha = cv2.imread(str(people / "composites" / "cutout_a_alpha.png"), cv2.IMREAD_GRAYSCALE)
    true = np.asarray(alpha, np.uint8)
    three, forty = [(frame, true) for frame in frames], made(frames, true, people.parent / "photos")
    networks = {name: Network(name, 1) for name in MODELS}
    masks = {name: Masks(network) for name, network in networks.items()}
    report: dict[str, Any] = {
        kind: {name: overlap(network, pictures, whole) for name, network in networks.items()}
        for kind, pictures, whole in (
            ("miou", three, False),
            ("miou_whole", three, True),
            ("miou_made", forty, False),
            ("miou_made_whole", forty, True),
        )
    }
    spent = medians({name: lambda one=one: one(frames[0]) for name, one in masks.items()}, rounds)
    return report | {"mask_ms": spent["cpu_ms"]}


def overlap(network: Network, pictures: list[tuple[Pixels, Pixels]], whole: bool) -> float:
    """Mean mIoU, by a look at the whole frame alone or as it runs here."""
    masks = [network(frame) if whole else Masks(network)(frame) for frame, _ in pictures]
    return float(np.mean([miou(mask, true) for mask, (_, true) in zip(masks, pictures, strict=True)]))


def read(path: Path) -> Pixels:
    """uint8[H, W, 3], RGB."""
    pixels = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)


def text_of(report: dict[str, Any]) -> str:
    """For a person."""
    lines = [f"{'a 720p frame, one thread':<54}{'ms':>8}{'of the processor':>20}"]
    for name, key in {
        "another background": "background_ms",
        "the same with selfie-general": "background_general_ms",
        "MediaPipe's sample for the same": "mediapipe_background_ms",
        "blurred background": "blur_ms",
        "another background, pphumanseg-v2": "pphumanseg_ms",
        "its published sample": "pphumanseg_sample_ms",
    }.items():
        found, work = report[key], report["cpu_ms"].get(key)
        said = "not run" if found is None else f"{found:.2f}"
        lines.append(f"{name:<54}{said:>8}{'' if work is None else f'{work:.2f}':>20}")
    kinds = {
        "miou": "mIoU",
        "miou_whole": "one look",
        "miou_made": "40 more",
        "miou_made_whole": "one look",
    }
    lines.append(f"\n{'network':<20}{'ms a mask':>12}" + "".join(f"{said:>12}" for said in kinds.values()))
    for name, spent in report["mask_ms"].items():
        lines.append(f"{name:<20}{spent:>12.2f}" + "".join(f"{report[kind][name]:>12.3f}" for kind in kinds))
    pose = {name: "not run" if found is None else f"{found:.2f}" for name, found in report["pose"].items()}
    lines.append(f"\n{'a pose, each frame of a clip of 640 x 360':<44}{'ms':>8}")
    for name, key in {
        "pose-full": "full_ms",
        "pose-lite": "lite_ms",
        "MediaPipe's, full": "mediapipe_ms",
    }.items():
        lines.append(f"{name:<44}{pose[key]:>8}")
    found = report["pose"]
    lines.append(
        f"pose-full finds somebody in {found['frames_with_pose']} of {found['frames']} frames, MediaPipe in "
        f"{found['mediapipe_frames_with_pose']}; a point trembles by {pose['jitter_px']} px (MediaPipe "
        f"{pose['mediapipe_jitter_px']}), and lies {found['mean_px_to_mediapipe']} px from MediaPipe's (mean)"
    )
    if asked := report["post_pose"]:
        alone, together = asked["alone_ms"], asked["together_p95_ms"]
        lines.append(
            f"\nPOST /pose: {alone:.1f} ms for one client (median), {together:.1f} for each of "
            f"{asked['clients']} at once (95th percentile), {together / alone:.1f} times as long"
        )
    lines.append(
        f"\nflicker of what stands still, over the raw masks': {report['flicker_ratio']:.2f}; "
        f"lag of what moves: {report['lag_frames']:.2f} frames"
    )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
