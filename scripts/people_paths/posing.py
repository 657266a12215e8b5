"""Our poses of a clip, and MediaPipe's beside them; both get the very same pixels."""

import json
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from workers.person._pose_networks import Detector, Landmarks
from workers.person._tracker import Tracker

MEDIAPIPE = Path(__file__).parent / "mediapipe_pose.py"
VISIBLE = 0.5
STEP = 0.033333  # seconds; so far apart are frames for mp.solutions, whatever the clip says
ROUNDS = 3  # in turns; a figure is the best round's median
THEIRS = ("mediapipe_ms", "mediapipe_frames_with_pose", "mediapipe_jitter_px", "mean_px_to_mediapipe")
Frames = npt.NDArray[np.uint8]
Body = npt.NDArray[np.float32] | None
"""float32[33, 3]: x and y in pixels, visibility; None: nobody."""


def posing(clip: Path, mediapipe: Path | None) -> dict[str, Any]:
    """Figures of bench_people.py; those of MediaPipe are None where no Python is named that has it."""
    frames = frames_of(clip)
    full_ms = lite_ms = their_ms = float("inf")
    theirs: list[Body] = []
    for _ in range(ROUNDS if mediapipe else 1):
        full, spent = ours(frames, "pose-full")
        full_ms, lite_ms = min(full_ms, spent), min(lite_ms, ours(frames, "pose-lite")[1])
        if mediapipe:
            theirs, spent = peers(frames, mediapipe)
            their_ms = min(their_ms, spent)
    report: dict[str, Any] = {
        "full_ms": full_ms,
        "lite_ms": lite_ms,
        "frames": len(full),
        "frames_with_pose": sum(body is not None for body in full),
        "jitter_px": jitter(full),
    }
    if not mediapipe:
        return report | dict.fromkeys(THEIRS)
    return report | {
        "mediapipe_ms": their_ms,
        "mediapipe_frames_with_pose": sum(body is not None for body in theirs),
        "mediapipe_jitter_px": jitter(theirs),
        "mean_px_to_mediapipe": float(np.mean(apart(full, theirs))),
    }


def frames_of(clip: Path) -> Frames:
    with av.open(str(clip)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


def ours(frames: Frames, model: str) -> tuple[list[Body], float]:
    """Each frame's, and the median ms."""
    tracker, times, bodies = Tracker(Detector(1), Landmarks(model, 1)), [], list[Body]()
    for number, frame in enumerate(frames):
        begin = time.perf_counter()
        poses = tracker(frame, (number + 1) * STEP)
        times.append((time.perf_counter() - begin) * 1e3)
        bodies.append(poses[0].points[:, [0, 1, 3]] if poses else None)
    return bodies, float(np.median(times))


def peers(frames: Frames, python: Path) -> tuple[list[Body], float]:
    """The frames go by file: another OpenCV makes other colours of the same video, by a step or two, and
    MediaPipe of them another person's pose."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "frames.npy"
        np.save(file, frames)
        command = [str(python), str(MEDIAPIPE), str(file)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    said = json.loads(done.stdout)
    bodies: list[Body] = [np.array(points, np.float32) if points else None for points in said["poses"]]
    return bodies, float(np.median(said["ms"]))


def jitter(bodies: list[Body]) -> float:
    """How far a visible point is from the middle between where it was a frame before and where it is a frame
    later, in pixels, the median of all: what moves evenly, or is moved by the camera, does not tremble."""
    found = [np.zeros(0)]
    for before, body, after in zip(bodies, bodies[1:], bodies[2:], strict=False):
        if before is not None and body is not None and after is not None:
            off = np.linalg.norm((before + after)[:, :2] / 2 - body[:, :2], axis=1)
            found.append(off[body[:, 2] > VISIBLE])
    return float(np.median(all_of)) if len(all_of := np.concatenate(found)) else 0.0


def apart(some: list[Body], others: list[Body]) -> list[float]:
    """Mean distance of the points, for each frame where both have a body."""
    return [
        float(np.linalg.norm(one[:, :2] - other[:, :2], axis=1).mean())
        for one, other in zip(some, others, strict=True)
        if one is not None and other is not None
    ]
