"""A monitor of Windows through DXcam (DXGI desktop duplication): quick, without the mouse pointer."""

import importlib.util
import sys
import threading
import time
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, NamedTuple

from workers.capture._area import captured_size, cropped, single_monitor
from workers.capture._frames import Grab
from workers.capture._monitors import monitors
from workers.capture._monitors import unavailable as no_screen
from workers.capture._pushed import Newest, Pixels, PushedSource

UNSUPPORTED = 0x887A0004  # DXGI_ERROR_UNSUPPORTED: asked of the GPU that does not drive the monitor
STUCK = 1.0  # seconds in one call; DXcam then waits for the desktop to come back, for as long as it takes


class Output(NamedTuple):
    """A monitor as DXcam counts them, and the GPU that it hangs on."""

    device: int
    number: int
    gpu: str


class ScreenDxcam(PushedSource):
    """DXcam is asked on a thread of its own, because it does not return while the desktop is away: the screen
    is locked, Windows asks for permission, a game takes it."""

    shares = ("depth", "screen_mss")

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._thread: threading.Thread | None = None
        self._calls = Calls()

    @classmethod
    def largest(cls, settings: SimpleNamespace) -> tuple[int, int]:
        if importlib.util.find_spec("dxcam") is None:
            raise ValueError("capture.source: not screen_dxcam, because the package dxcam is not installed")
        return captured_size(monitors(), settings.screen_mss)

    def open(self) -> None:
        if self.settings.screen_mss.cursor:
            self.log.info("DXcam does not see the mouse pointer; screen_windows_capture does")

    def start(self, newest: Newest) -> None:
        if self._thread is not None and self._thread.is_alive():
            # DXcam would hand out the same camera again, and it is in use.
            raise OSError("the desktop is still away; trying again every second")
        monitor = single_monitor(monitors(), self.settings.screen_mss)
        self._calls = Calls()
        self._thread = threading.Thread(target=self._duplicate, args=(monitor, newest), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        if self._thread is not None and self._calls.last_for() < STUCK:
            self._thread.join(STUCK)

    def grab(self) -> Grab | None:
        picture = super().grab()
        if picture is None and self._calls.last_for() > STUCK:
            self._first = True  # the next picture says that it is back
            self._miss("the desktop is away (locked, or taken by a game or by Windows); waiting for it")
        return picture

    def part_of(self, pixels: Pixels) -> Pixels:
        return cropped(pixels, self.settings.screen_mss)

    def _duplicate(self, monitor: Mapping[str, Any], newest: Newest) -> None:
        """The thread: asks for the monitor until nobody wants it any more. COM's errors are no OSError."""
        try:
            import dxcam
            from comtypes import COMError
        except (ImportError, OSError) as error:
            newest.fail(f"DXcam cannot be used: {error}")
            return
        output = None
        try:
            dxcam.DXFactory._instances.clear()  # one a process else, with the monitors of its first moment
            factory = dxcam.DXFactory()
            output = owner_of(monitor, factory)
            self.what = f"monitor {self.settings.screen_mss.monitor} on {output.gpu}"
            self._copy_all(factory.create, output, newest)
        except (COMError, OSError, RuntimeError, ValueError) as error:
            newest.fail(_why(output, error))

    def _copy_all(self, create: Callable[..., Any], output: Output, newest: Newest) -> None:
        with create(device_idx=output.device, output_idx=output.number, output_color="BGRA") as camera:
            due = 0.0
            while newest.wanted():
                with self._calls:
                    pixels = camera.grab(copy=False)
                if pixels is not None:
                    newest.put_copy(pixels, "BGRA")
                due = max(due + 1 / self.settings.capture.fps, time.perf_counter())
                time.sleep(max(0.0, due - time.perf_counter()))


class Calls:
    """How long the present call has lasted, for another thread to see."""

    def __init__(self) -> None:
        self._since: float | None = None

    def __enter__(self) -> None:
        self._since = time.perf_counter()

    def __exit__(self, *error: object) -> None:
        self._since = None

    def last_for(self) -> float:
        """Seconds; 0 between calls."""
        since = self._since
        return time.perf_counter() - since if since is not None else 0.0


def unavailable() -> str | None:
    """Why it cannot be used here, if so."""
    if sys.platform != "win32":
        return "it is for Windows"
    if importlib.util.find_spec("dxcam") is None:
        return "the package dxcam is not installed (there is none for Windows on ARM)"
    return no_screen()


def owner_of(monitor: Mapping[str, Any], factory: Any) -> Output:
    """Of all GPUs' outputs (DXcam's `DXFactory`) the one at the monitor's place on the desktop: a laptop with
    two GPUs has its monitors on either. Raises ValueError."""
    there = []
    for device, outputs in enumerate(factory.outputs):
        gpu = factory.devices[device].description
        for number, output in enumerate(outputs):
            place = output.desc.DesktopCoordinates
            if (place.left, place.top) == (monitor["left"], monitor["top"]):
                return Output(device, number, gpu)
            there.append(f"{output.devicename} at {place.left}, {place.top} on {gpu}")
    place = f"{monitor['left']}, {monitor['top']}"
    raise ValueError(f"no GPU has the monitor at {place} (there are: {'; '.join(there) or 'none'})")


def _why(output: Output | None, error: Exception) -> str:
    hresult = (getattr(error, "hresult", 0) or 0) & 0xFFFFFFFF
    if output is not None and hresult == UNSUPPORTED:
        return (
            f"Windows does not let this program duplicate a monitor of {output.gpu}; choose that GPU for "
            "python.exe in Windows' graphics settings, or take capture.source=screen_windows_capture; trying "
            "again every second"
        )
    number = f"0x{hresult:08X} " if hresult else ""
    return f"the screen is lost ({number}{error}); trying again every second"
