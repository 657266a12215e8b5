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
TURN = 25  # frames; then it is the next one's turn, so that what else the machine does hits all alike
Frames = npt.NDArray[np.uint8]
Body = npt.NDArray[np.float32] | None
"""float32[33, 3]: x and y in pixels, visibility; None: nobody."""


class Ours:
    """As the pose worker does it."""

    def __init__(self, model: str) -> None:
        self._tracker = Tracker(Detector(1), Landmarks(model, 1))
        self.times, self.bodies = list[float](), list[Body]()

    def turn(self, frames: Frames) -> None:
        for frame in frames:
            begin = time.perf_counter()
            poses = self._tracker(frame, (len(self.times) + 1) * STEP)
            self.times.append((time.perf_counter() - begin) * 1e3)
            self.bodies.append(poses[0].points[:, [0, 1, 3]] if poses else None)


class Theirs:
    """MediaPipe, in a process of its own. It gets the frames as they are: another OpenCV makes other
    colours of the same video, by a step or two, and MediaPipe of them the pose of somebody else."""

    def __init__(self, python: Path, frames: Frames) -> None:
        self.times, self.bodies = list[float](), list[Body]()
        self._folder = tempfile.TemporaryDirectory()
        file = Path(self._folder.name) / "frames.npy"
        np.save(file, frames)
        command = [str(python), str(MEDIAPIPE), str(file), str(TURN)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

    def turn(self, frames: Frames) -> None:
        """They are the next of those that it has."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(file=self._process.stdin, flush=True)
        said = json.loads(self._process.stdout.readline())
        self.times += said["ms"]
        self.bodies += [np.array(points, np.float32) if points else None for points in said["poses"]]

    def close(self) -> None:
        self._process.communicate()
        self._folder.cleanup()


def posing(clip: Path, mediapipe: Path | None) -> dict[str, Any]:
    """Figures of bench_people.py; those of MediaPipe are None where no Python is named that has it."""
    frames = frames_of(clip)
    full, lite = Ours("pose-full"), Ours("pose-lite")
    theirs = Theirs(mediapipe, frames) if mediapipe else None
    for first in range(0, len(frames), TURN):
        for one in (full, lite, theirs):
            if one is not None:
                one.turn(frames[first : first + TURN])
    if theirs is not None:
        theirs.close()
    return {
        "full_ms": float(np.median(full.times)),
        "lite_ms": float(np.median(lite.times)),
        "frames": len(full.bodies),
        "frames_with_pose": found_in(full.bodies),
        "jitter_px": jitter(full.bodies),
        "mediapipe_ms": theirs and float(np.median(theirs.times)),
        "mediapipe_frames_with_pose": theirs and found_in(theirs.bodies),
        "mediapipe_jitter_px": theirs and jitter(theirs.bodies),
        "mean_px_to_mediapipe": theirs and float(np.mean(apart(full.bodies, theirs.bodies))),
    }


def frames_of(clip: Path) -> Frames:
    with av.open(str(clip)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


def found_in(bodies: list[Body]) -> int:
    return sum(body is not None for body in bodies)


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
