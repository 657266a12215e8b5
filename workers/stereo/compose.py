"""Joins a frame with the nearness map that was made from it and lays out the picture."""

import importlib.util
from collections.abc import Callable, Mapping
from functools import partial
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from shm.lease import Lease, OpenSlot
from workers.stereo import Settings
from workers.stereo._layout import WITHOUT_VIEWS, clear_bars, fitted, lay_out, place
from workers.stereo._parallax import parallax_for
from workers.worker import Worker


class Compose(Worker):
    """nearness float32[h, w] + frame uint8[H, W, 3] → picture uint8[rows, columns, 3] in the layout."""

    reads, joins = "nearness", "frame"
    writes = {"picture": "RGB"}
    heavy = True

    @classmethod
    def sizes(cls, settings: SimpleNamespace, rings: Mapping[str, int]) -> dict[str, int]:
        """Two views; each may get the bars that make it 16:9, at any time."""
        return {"picture": 2 * rings.get("frame with bars", rings["frame"])}

    def open(self) -> None:
        views = self.settings.stereo.layout not in WITHOUT_VIEWS
        self._warp = self._loaded() if views else None
        self._phase = 0
        self._fitted: npt.NDArray[np.uint8] = np.empty((0, 0, 3), np.uint8)

    def process(self, nearness: Lease, frame: Lease, picture: OpenSlot) -> None:
        stereo = self.settings.stereo
        pixels = self._fit(frame.frame)
        height, width = pixels.shape[:2]
        if stereo.layout == "depth":
            picture.view(pixels.shape)[:] = grey_of(nearness.frame, height, width)[..., None]
            return
        layout = lay_out(stereo.layout, height, width, stereo.fill_16_9)
        target = picture.view((layout.rows, layout.columns, 3))
        clear_bars(target, layout)
        if stereo.layout == "rgb+depth":
            place(target, layout.left_eye)[:] = pixels
            place(target, layout.right_eye)[:] = grey_of(nearness.frame, height, width)[..., None]
            return
        self._phase ^= layout.name == "frame-sequential"  # the other eye's turn
        self._warp = self._warp or self._loaded()
        parallax = parallax_for(stereo, width)
        self._warp(pixels, nearness.frame, parallax, target, layout, stereo.quality, self._phase)

    def _loaded(self) -> Callable[..., None]:
        return self._on_a_gpu() or self._compiled()

    def _compiled(self) -> Callable[..., None]:
        with self.host.busy("compiling the warp (only the first time)", limit=300):
            from workers.stereo.warp import warp_views

            return warp_views

    def _on_a_gpu(self) -> Callable[..., None] | None:
        """The same with torch: in one process with depth, if torch and a GPU that it can use are there."""
        if self.settings.stereo.where != "with_depth":
            return None
        if importlib.util.find_spec("torch") is None:
            self.log.info("the views are made by the processor: torch is not installed")
            return None
        with self.host.busy("loading torch", limit=120):
            import torch

            from workers.stereo._torch_views import warp_views_on
        if not torch.cuda.is_available():
            self.log.info("the views are made by the processor: torch finds no GPU")
            return None
        views, name = partial(warp_views_on, torch.device("cuda")), torch.cuda.get_device_name()
        try:
            _try_out(views)
        except RuntimeError as error:  # a torch that has no kernels for it finds it all the same
            self.log.warning("the views are made by the processor: torch cannot use %s: %s", name, error)
            return None
        self.log.info("the views are made by %s", name)
        return views

    def _fit(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """The frame at the height of the output, never larger than it is, but for one of a single row or
        column, which cannot be halved."""
        height, width = fitted(pixels.shape[0], pixels.shape[1], self.settings.stereo.height)
        if (height, width) == (pixels.shape[0] & ~1, pixels.shape[1] & ~1):
            return np.ascontiguousarray(pixels[:height, :width])  # a copy only if the width is odd
        if self._fitted.shape[:2] != (height, width):
            self._fitted = np.empty((height, width, 3), np.uint8)
        cv2.resize(pixels, (width, height), dst=self._fitted, interpolation=cv2.INTER_AREA)
        return self._fitted


def _try_out(views: Callable[..., None]) -> None:
    """A small picture."""
    layout = lay_out("full-sbs", 36, 64, False)
    frame, picture = (np.zeros((36, width, 3), np.uint8) for width in (64, layout.columns))
    views(frame, np.zeros((9, 16), np.float32), parallax_for(Settings(), 64), picture, layout)


def grey_of(nearness: npt.NDArray[np.float32], height: int, width: int) -> npt.NDArray[np.uint8]:
    """The map at full size for a person to look at, white = near, uint8[height, width]."""
    grey: npt.NDArray[Any] = (np.clip(nearness, 0, 1) * 255).astype(np.uint8)
    return np.asarray(cv2.resize(grey, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
