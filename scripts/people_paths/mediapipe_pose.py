"""MediaPipe's poses of frames on one core, for a Python that has mediapipe (0.10.21 is the last with
`mp.solutions`): PYTHON mediapipe_pose.py FRAMES.npy (uint8[n, H, W, 3], RGB) → JSON: ms of each frame, and
its points (x, y, visibility)."""

import json
import os
import sys
import time

import mediapipe
import numpy as np


def main() -> None:
    if hasattr(os, "sched_setaffinity"):  # it has no setting for its threads
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    times, poses = [], []
    with mediapipe.solutions.pose.Pose(model_complexity=1) as pose:
        for frame in np.load(sys.argv[1]):
            height, width = frame.shape[:2]
            begin = time.perf_counter()
            found = pose.process(frame).pose_landmarks
            times.append((time.perf_counter() - begin) * 1e3)
            points = found.landmark if found else []
            poses.append([[point.x * width, point.y * height, point.visibility] for point in points])
    print(json.dumps({"ms": times, "poses": poses}))


if __name__ == "__main__":
    main()
