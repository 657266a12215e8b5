"""The published PP-HumanSeg sample for ONNX Runtime (hpc203/PP-HumanSeg-opencv-onnxrun, its Python), written
again from what it does.

Blue first and stretched; the scores of both classes are brought to full size; for each class its pixels are
found by whole arrays, replaced by its colour, and the picture is mixed half and half with that. It reads the
network's answer with the class first as if it came last; here it is read as it comes.
"""

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import onnxruntime

Pixels = npt.NDArray[np.uint8]
ROWS, COLUMNS, SURE = 144, 256, 0.5
BLACK, GREEN = (0, 0, 0), (0, 255, 0)


class Sample:
    """frame uint8[H, W, 3] as OpenCV has it (BGR) → the same with the person greener, the rest darker."""

    def __init__(self, model: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def __call__(self, frame: Pixels) -> Pixels:
        given = cv2.resize(frame, (COLUMNS, ROWS)).astype(np.float32) / 255
        given = ((given - 0.5) / 0.5).transpose(2, 0, 1)[None]
        both = np.ascontiguousarray(self._session.run(None, {"x": given})[0][0].transpose(1, 2, 0))
        both = cv2.resize(both, (frame.shape[1], frame.shape[0]))
        drawn = frame.copy()
        for score, colour in zip(both.transpose(2, 0, 1), (BLACK, GREEN), strict=True):
            painted = np.empty_like(frame)
            painted[:] = colour
            elsewhere = np.stack([np.where(score > SURE, 0, 1)] * 3, axis=-1).astype(np.uint8)
            painted = np.where(elsewhere, drawn, painted)
            drawn = cv2.addWeighted(drawn, 0.5, painted, 0.5, 1)
        return drawn
