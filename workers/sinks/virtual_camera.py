"""A camera that is none: a video call, or any other program, sees the picture as that of a camera."""

import sys
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from shm.lease import Lease
from workers.worker import CannotWork, Host, Worker

OBS = "install OBS Studio (obsproject.com), start its virtual camera once, and stop it"
REMEDY = {
    "linux": "load the module that makes them: `sudo apt install v4l2loopback-dkms`, then "
    "`sudo modprobe v4l2loopback exclusive_caps=1 card_label=Stereoring`",
    "win32": OBS,
    "darwin": OBS + "; on macOS 13 and later allow its extension in the system settings",
}
Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Settings:
    """Which device."""

    device: str = ""


class VirtualCamera(Worker):
    """Its size is that of the first picture: who has opened it cannot be told another. Later pictures of
    other sizes are fitted into it."""

    reads = "picture"
    shares = ("capture",)

    def __init__(self, settings: SimpleNamespace, host: Host) -> None:
        super().__init__(settings, host)
        self._camera: Any = None

    def open(self) -> None:
        try:  # not above: every process that looks at settings imports this file
            import pyvirtualcam
        except ImportError as error:
            raise CannotWork(
                f"virtual_camera: the package pyvirtualcam is not there for this system ({error}); take "
                "another sink, or the web sink's page as a window that the other program captures"
            ) from error
        self._package = pyvirtualcam

    def process(self, picture: Lease) -> None:
        if self._camera is None:
            height, width = picture.info.shape[:2]
            self._camera = self._opened(width // 2 * 2, height // 2 * 2)  # cameras' colours come in twos
        self._camera.send(fitted(picture.frame, self._camera.width, self._camera.height))

    def close(self) -> None:
        if self._camera is not None:
            self._camera.close()

    def _opened(self, width: int, height: int) -> Any:
        device = self.settings.virtual_camera.device or None
        try:
            camera = self._package.Camera(width, height, self.settings.capture.fps, device=device)
        except RuntimeError as error:
            raise CannotWork(f"virtual_camera: {str(error).rstrip('.')}. {_remedy(device)}") from error
        self.log.info(
            "other programs find the picture as the camera %s (%d x %d)", camera.device, width, height
        )
        return camera


def _remedy(device: str | None) -> str:
    """What to do where a virtual camera cannot be had."""
    what = f"Is virtual_camera.device ({device}) one? " if device else ""
    return f"{what}If there is no virtual camera yet: {REMEDY[sys.platform]}"


def fitted(picture: Pixels, width: int, height: int) -> Pixels:
    """Whole and in its shape, with black beside it where that is another one."""
    high, wide = picture.shape[:2]
    if (high // 2 * 2, wide // 2 * 2) == (height, width):
        return picture[:height, :width]
    scale = min(width / wide, height / high)
    size = max(1, round(wide * scale)), max(1, round(high * scale))
    canvas = np.zeros((height, width, 3), np.uint8)
    top, left = (height - size[1]) // 2, (width - size[0]) // 2
    scaled = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    canvas[top : top + size[1], left : left + size[0]] = scaled
    return canvas
