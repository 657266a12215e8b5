"""Our poses of a clip, and MediaPipe's beside them."""

import json
import subprocess
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
Body = npt.NDArray[np.float32] | None
"""float32[33, 3]: x and y in pixels, visibility; None: nobody."""


def posing(clip: Path, mediapipe: Path | None) -> dict[str, Any]:
    """Figures of bench_people.py; those of MediaPipe are None where no Python is named that has it."""
    full, full_ms = ours(clip, "pose-full")
    _, lite_ms = ours(clip, "pose-lite")
    report: dict[str, Any] = {
        "full_ms": full_ms,
        "lite_ms": lite_ms,
        "frames": len(full),
        "frames_with_pose": sum(body is not None for body in full),
        "jitter_px": jitter(full),
    }
    theirs, their_ms = peers(clip, mediapipe) if mediapipe else (None, None)
    between = [] if theirs is None else apart(full, theirs)
    return report | {
        "mediapipe_ms": their_ms,
        "mediapipe_frames_with_pose": theirs and sum(body is not None for body in theirs),
        "mediapipe_jitter_px": theirs and jitter(theirs),
        "mean_px_to_mediapipe": float(np.mean(between)) if between else None,
        "median_px_to_mediapipe": float(np.median(between)) if between else None,
    }


def ours(clip: Path, model: str) -> tuple[list[Body], float]:
    """Each frame's, and the median ms."""
    tracker, times, bodies = Tracker(Detector(1), Landmarks(model, 1)), [], list[Body]()
    with av.open(str(clip)) as container:
        for frame in container.decode(video=0):
            pixels, at = frame.to_ndarray(format="rgb24"), float(frame.time or 0.0)
            begin = time.perf_counter()
            pose = tracker(pixels, at)
            times.append((time.perf_counter() - begin) * 1e3)
            bodies.append(None if pose is None else pose.points[:, [0, 1, 3]])
    return bodies, float(np.median(times))


def peers(clip: Path, python: Path) -> tuple[list[Body], float]:
    done = subprocess.run(
        [str(python), str(MEDIAPIPE), str(clip)], check=True, stdout=subprocess.PIPE, text=True
    )
    said = json.loads(done.stdout)
    bodies: list[Body] = [np.array(points, np.float32) if points else None for points in said["poses"]]
    return bodies, float(np.median(said["ms"]))


def jitter(bodies: list[Body]) -> float:
    """How far a visible point moves from frame to frame, in pixels: the median of the frames."""
    return float(np.median(moves)) if (moves := apart(bodies[1:], bodies[:-1])) else 0.0


def apart(some: list[Body], others: list[Body]) -> list[float]:
    """Mean distance of the points that the others hold for visible, for each frame where both have a body."""
    found = []
    for one, other in zip(some, others, strict=True):
        if one is not None and other is not None and (seen := other[:, 2] > VISIBLE).any():
            found.append(float(np.linalg.norm(one[seen, :2] - other[seen, :2], axis=1).mean()))
    return found
