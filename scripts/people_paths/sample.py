"""The published PP-HumanSeg sample for ONNX Runtime, written again from its description.

Blue first, stretched, the score brought to full size and compared there, then the green overlay and the
cut-out on white by float arithmetic over the whole frame.
"""

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import onnxruntime

Pixels = npt.NDArray[np.uint8]
ROWS, COLUMNS, SURE = 144, 256, 0.5


class Sample:
    """frame uint8[H, W, 3] as OpenCV has it (BGR) → (overlay, cut-out on white)."""

    def __init__(self, model: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def __call__(self, frame: Pixels) -> tuple[Pixels, Pixels]:
        given = cv2.resize(frame, (COLUMNS, ROWS)).astype(np.float32) / 255
        given = ((given - 0.5) / 0.5).transpose(2, 0, 1)[None]
        score = self._session.run(None, {"x": given})[0][0, 1]
        score = cv2.resize(score, (frame.shape[1], frame.shape[0]))
        matte = (score > SURE).astype(np.float32)[..., None]
        green = np.zeros_like(frame)
        green[..., 1] = 255
        overlay = frame * (1 - 0.5 * matte) + green * (0.5 * matte)
        white = frame * matte + 255 * (1 - matte)
        return overlay.astype(np.uint8), white.astype(np.uint8)
