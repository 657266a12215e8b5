"""A picture out of the bytes of a file."""

import cv2
import numpy as np


def decoded(data: bytes) -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]] | None:
    """uint8[H, W, 3], BGR, the way up that the camera says. None: OpenCV does not read it, or it is larger
    than OpenCV takes."""
    if not data:
        return None
    try:
        return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)  # type: ignore[return-value]
    except cv2.error:
        return None
