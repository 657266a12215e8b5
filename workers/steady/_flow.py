"""Carries a map from one picture to the next by optical flow."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt


class Flow:
    """DIS optical flow (Kroeger et al., 2016) of the map's size; keeps its buffers."""

    def __init__(self) -> None:
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        self._grid = np.empty((0, 0, 2), np.float32)

    def carry(
        self, values: npt.NDArray[np.float32], of: npt.NDArray[np.uint8], to: npt.NDArray[np.uint8]
    ) -> npt.NDArray[np.float32]:
        """A map float32[h, w] of the grey picture `of` → the same of `to`, both uint8[h', w']."""
        flow: Any = self._flow.calc(to, of, None)  # type: ignore[call-overload]  # whence each pixel came
        rows, columns = values.shape
        if flow.shape[:2] != (rows, columns):
            scale = np.array([columns / flow.shape[1], rows / flow.shape[0]], np.float32)
            flow = cv2.resize(flow, (columns, rows)) * scale
        if self._grid.shape[:2] != (rows, columns):
            self._grid = np.dstack(np.meshgrid(np.arange(columns), np.arange(rows))).astype(np.float32)
        places: Any = self._grid + flow
        carried = cv2.remap(
            values, places[..., 0], places[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(carried, np.float32)
