"""MediaPipe's poses of frames on one core, for a Python that has mediapipe (0.10.21 is the last with
`mp.solutions`): PYTHON mediapipe_pose.py FRAMES.npy TURN (uint8[n, H, W, 3], RGB). For each line that comes
in, the next TURN frames' as a line of JSON: ms of each, and its points (x, y, visibility)."""

import json
import os
import sys
import time

import mediapipe
import numpy as np


def main() -> None:
    if hasattr(os, "sched_setaffinity"):  # it has no setting for its threads
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    frames, turn = np.load(sys.argv[1]), int(sys.argv[2])
    with mediapipe.solutions.pose.Pose(model_complexity=1) as pose:
        for number, _ in enumerate(sys.stdin):
            times, poses = [], []
            for frame in frames[number * turn : (number + 1) * turn]:
                height, width = frame.shape[:2]
                begin = time.perf_counter()
                found = pose.process(frame).pose_landmarks
                times.append((time.perf_counter() - begin) * 1e3)
                points = found.landmark if found else []
                poses.append([[point.x * width, point.y * height, point.visibility] for point in points])
            print(json.dumps({"ms": times, "poses": poses}), flush=True)


if __name__ == "__main__":
    main()
