"""A stand-in for DXcam 0.3.0: two GPUs, the first without the monitor at 0, 0, as in many laptops. A bar
moves over its grey desktop while STAND_IN_TROUBLE does not say `still`."""

import logging
import time
from types import SimpleNamespace

import numpy as np
from comtypes import COMError
from trouble import trouble

SIZE = (360, 640)  # rows and columns
UNSUPPORTED, ACCESS_DENIED = -2005270524, -2147024891  # as signed numbers, which is how COM raises them


def _output(name: str, left: int, top: int) -> SimpleNamespace:
    place = SimpleNamespace(left=left, top=top, right=left + SIZE[1], bottom=top + SIZE[0])
    return SimpleNamespace(devicename=name, desc=SimpleNamespace(DesktopCoordinates=place))


class DXCamera:
    """One output. `grab` gives None when nothing has changed, and does not return while the desktop is
    `away`."""

    def __init__(self, color: str) -> None:
        assert color == "BGRA"
        self._released = False
        self._pixels: np.ndarray | None = None
        self._before: object = None

    def grab(self, region=None, copy=True, new_frame_only=True):
        if self._released:
            raise RuntimeError("DXCamera has been released and cannot be reused.")
        while "away" in trouble():
            time.sleep(0.02)
            self._before = None
        if "lost" in trouble():
            raise COMError(ACCESS_DENIED, "Access is denied.", ())
        now = None if "still" in trouble() else time.perf_counter_ns()
        size = tuple(2 * side for side in SIZE) if "larger" in trouble() else SIZE
        if self._before == (now, size):
            return None
        self._before = (now, size)
        self._draw(size, now or 0)
        return self._pixels.copy() if copy else self._pixels

    def _draw(self, size: tuple[int, int], now: int) -> None:
        """In memory that is used again for the next, as the real one does."""
        if self._pixels is None or self._pixels.shape[:2] != size:
            self._pixels = np.empty((*size, 4), np.uint8)
        self._pixels[:] = (10, 20, 200, 255)
        at = now // 10_000_000 % (size[1] - 20)
        self._pixels[:, at : at + 20] = (250, 250, 250, 255)

    def release(self):
        self._released = True

    @property
    def is_released(self):
        return self._released

    def __enter__(self):
        return self

    def __exit__(self, exc_type, exc, tb):
        self.release()
        return False


class Singleton(type):
    _instances = {}

    def __call__(cls):
        if cls in cls._instances:
            logging.getLogger(__name__).warning("Only 1 instance of %s is allowed.", cls.__name__)
        else:
            cls._instances[cls] = super().__call__()
        return cls._instances[cls]


class DXFactory(metaclass=Singleton):
    """Knows the outputs that there were when it was made: a second one once it is `plugged`."""

    _camera_instances = {}

    def __init__(self):
        self.devices = [SimpleNamespace(description="Fast GPU"), SimpleNamespace(description="Own GPU")]
        self.outputs = [[_output(r"\\.\DISPLAY5", 9000, 0)], [_output(r"\\.\DISPLAY1", 0, 0)]]
        if "plugged" in trouble():
            self.outputs[1].append(_output(r"\\.\DISPLAY2", SIZE[1], 0))

    def create(
        self,
        device_idx=0,
        output_idx=None,
        region=None,
        output_color="RGB",
        max_buffer_len=8,
        backend="dxgi",
        processor_backend="cv2",
    ):
        if "unsupported" in trouble():
            raise COMError(UNSUPPORTED, "The device does not support this.", ())
        cameras, key = self._camera_instances, (device_idx, output_idx, backend)
        if key not in cameras or cameras[key].is_released:
            assert self.outputs[device_idx][output_idx]
            cameras[key] = DXCamera(output_color)
        return cameras[key]


_factory = DXFactory()  # the real one makes it when it is imported, too
