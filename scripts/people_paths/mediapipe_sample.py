"""MediaPipe's own sample for selfie segmentation on one core, for a Python that has mediapipe (0.10.21 is the
last with `mp.solutions`): PYTHON mediapipe_sample.py PICTURE; for each line that it reads it does a round and
writes its ms, by the clock and of the processor."""

import os
import sys
import time

import cv2
import mediapipe
import numpy as np


def main() -> None:
    if hasattr(os, "sched_setaffinity"):  # it has no setting for its threads
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    frame = cv2.imread(sys.argv[1])
    cv2.setNumThreads(1)
    behind = np.zeros(frame.shape, np.uint8)
    behind[:] = (192, 192, 192)
    with mediapipe.solutions.selfie_segmentation.SelfieSegmentation(model_selection=1) as selfie:
        for _ in sys.stdin:
            begin, worked = time.perf_counter(), time.process_time()
            picture = cv2.cvtColor(cv2.flip(frame, 1), cv2.COLOR_BGR2RGB)
            picture.flags.writeable = False
            found = selfie.process(picture)
            condition = np.stack((found.segmentation_mask,) * 3, axis=-1) > 0.1
            picture.flags.writeable = True
            np.where(condition, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), behind)
            took, work = time.perf_counter() - begin, time.process_time() - worked
            print(took * 1e3, work * 1e3, flush=True)


if __name__ == "__main__":
    main()
