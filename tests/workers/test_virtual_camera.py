"""The virtual camera sink. The device is stood in for, behind the real package; all else is real."""

import inspect
import logging
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pytest
from pyvirtualcam import camera as package

from tests.workers.one_process import row
from workers.sinks import virtual_camera
from workers.sinks.virtual_camera import fitted
from workers.worker import CannotWork

pytestmark = pytest.mark.timeout(60)
SINKS = "sinks=[null, virtual_camera]"


class Device:
    """In place of the kernel's: what the package hands to it is kept."""

    made: ClassVar[list["Device"]] = []

    def __init__(
        self, *, width: int, height: int, fps: float, fourcc: int, device: str | None, **kw: Any
    ) -> None:
        if device not in (None, "/dev/video7"):
            raise RuntimeError(f"{device} is no video device")
        self.size, self.fps, self.closed = (height, width), fps, False
        self.frames: list[npt.NDArray[np.uint8]] = []
        Device.made.append(self)

    def close(self) -> None:
        self.closed = True

    def send(self, frame: npt.NDArray[np.uint8]) -> None:
        assert frame.flags.c_contiguous
        self.frames.append(frame.reshape(*self.size, 3).copy())

    def device(self) -> str:
        return "/dev/video7"

    def native_fourcc(self) -> int | None:
        return None


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> list[Device]:
    monkeypatch.setattr(package, "BACKENDS", {"stand-in": Device})
    Device.made = []
    return Device.made


def test_contract_the_stand_in_is_called_as_the_package_calls_a_device() -> None:
    for name in ("__init__", "close", "send", "device", "native_fourcc"):
        real = inspect.signature(getattr(package.Backend, name)).parameters
        ours = inspect.signature(getattr(Device, name)).parameters
        assert [(p.name, p.kind) for p in ours.values()] == [(p.name, p.kind) for p in real.values()], name


def test_contract_every_picture_is_what_the_camera_shows(
    device: list[Device], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO), row(SINKS, "virtual_camera.device=/dev/video7") as line:
        for _ in range(4):
            with line.picture() as picture:
                line.step("virtual_camera")
                assert np.array_equal(device[0].frames[-1], picture.frame)
        line.seats["virtual_camera"].worker.close()
    (made,) = device
    assert made.closed
    assert len(made.frames) >= 4
    assert made.fps == 60
    assert "as the camera /dev/video7 (640 x 180)" in caplog.text


@pytest.mark.parametrize("system", ["linux", "win32", "darwin"])
def test_contract_without_a_device_it_is_said_what_to_do(
    system: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The package's own Linux part looks for one and says so: there is none here."""
    monkeypatch.setattr(virtual_camera.sys, "platform", system)
    said = {"linux": "sudo modprobe v4l2loopback", "win32": "install OBS", "darwin": "install OBS"}
    with row(SINKS, "virtual_camera.device=/dev/video99") as line:
        with pytest.raises(CannotWork, match=said[system]) as error:
            line.picture()
        assert "virtual_camera.device (/dev/video99)" in str(error.value)


@pytest.mark.parametrize("size", [(721, 1281), (720, 1280)])
def test_contract_a_picture_of_the_camera_s_size_is_not_touched(size: tuple[int, int]) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (*size, 3), np.uint8)
    assert np.array_equal(fitted(picture, 1280, 720), picture[:720, :1280])


@pytest.mark.parametrize("size", [(360, 640), (1080, 1920), (640, 360), (91, 77)])
def test_contract_one_of_another_size_is_shown_whole_and_in_its_shape(size: tuple[int, int]) -> None:
    shown = fitted(np.full((*size, 3), 200, np.uint8), 1280, 720)
    assert shown.shape == (720, 1280, 3)
    rows, columns = np.nonzero(shown[..., 0])
    high, wide = np.ptp(rows) + 1, np.ptp(columns) + 1
    assert high == 720 or wide == 1280
    assert abs(wide / high - size[1] / size[0]) < 0.01
