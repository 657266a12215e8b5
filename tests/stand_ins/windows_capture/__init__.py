"""A stand-in for windows-capture 2.0.1: a monitor on which a bar moves, or a window titled `Some window`.
STAND_IN_TROUBLE: `windows10` refuses options that came later, `closed` closes the window, `still`, `larger`,
`lost`."""

import threading
import time

import numpy as np
from trouble import trouble

SIZE = (360, 640)  # rows and columns
TOO_OLD = "is not supported by the Graphics Capture API on this platform."
LATER = {
    "draw_border": f"Toggling the capture border {TOO_OLD}",
    "minimum_update_interval": f"Setting a minimum update interval {TOO_OLD}",
}
asked: list[dict[str, object]] = []
"""The options of each capture that was begun."""


def picture(now: int, size: tuple[int, int]) -> np.ndarray:
    """BGRA: orange with a white bar."""
    pixels = np.empty((*size, 4), np.uint8)
    pixels[:] = (10, 120, 240, 255)
    at = now // 10_000_000 % (size[1] - 20)
    pixels[:, at : at + 20] = (250, 250, 250, 255)
    return pixels


class Frame:
    def __init__(self, frame_buffer, width, height, timespan):
        self.frame_buffer, self.width, self.height, self.timespan = frame_buffer, width, height, timespan


class InternalCaptureControl:
    def __init__(self, stop_list):
        self._stop_list = stop_list

    def stop(self):
        self._stop_list[0] = True


class CaptureControl:
    def __init__(self, native_capture_control):
        self._thread, self._stop_list = native_capture_control

    def is_finished(self):
        return not self._thread.is_alive()

    def wait(self):
        self._thread.join()

    def stop(self):
        self._stop_list[0] = True
        self._thread.join()


class WindowsCapture:
    def __init__(
        self,
        cursor_capture=True,
        draw_border=None,
        secondary_window=None,
        minimum_update_interval=None,
        dirty_region=None,
        monitor_index=None,
        window_name=None,
        window_hwnd=None,
    ):
        self._asked = {
            "cursor_capture": cursor_capture,
            "draw_border": draw_border,
            "minimum_update_interval": minimum_update_interval,
            "monitor_index": monitor_index,
            "window_name": window_name,
            "window_hwnd": window_hwnd,
        }
        self.frame_handler = self.closed_handler = None
        assert sum(which is not None for which in (monitor_index, window_name, window_hwnd)) == 1
        if window_name is not None and (window_name not in "Some window" or "closed" in trouble()):
            raise Exception(f"Failed to find a window with the name: {window_name}")

    def start_free_threaded(self):
        if self.frame_handler is None or self.closed_handler is None:
            raise RuntimeError("Event Handler Is Not Set")
        for option, refusal in LATER.items():
            if "windows10" in trouble() and self._asked[option] is not None:
                raise Exception(refusal)
        if "lost" in trouble():
            raise Exception("A Windows API call failed: the device was removed")
        asked.append(self._asked)
        stop_list = [False]
        thread = threading.Thread(target=self._run, args=(stop_list,), daemon=True)
        thread.start()
        return CaptureControl((thread, stop_list))

    def event(self, handler):
        if handler.__name__ == "on_frame_arrived":
            self.frame_handler = handler
        elif handler.__name__ == "on_closed":
            self.closed_handler = handler
        else:
            raise ValueError("Invalid Event Handler Use on_frame_arrived Or on_closed")
        return handler

    def _run(self, stop_list):
        """The memory of a picture is only lent for the call: afterwards it is overwritten."""
        first = True
        while not stop_list[0] and "lost" not in trouble():
            if "closed" in trouble():
                self.closed_handler()
                return
            if first or "still" not in trouble():
                first = False
                size = tuple(2 * side for side in SIZE) if "larger" in trouble() else SIZE
                lent = picture(time.perf_counter_ns(), size)
                self.frame_handler(Frame(lent, size[1], size[0], 0), InternalCaptureControl(stop_list))
                lent[:] = 0
            time.sleep(0.01)


class DxgiDuplicationFrame:
    def __init__(self, native_frame):
        self._pixels, self._format = native_frame

    @property
    def color_format(self):
        return self._format

    def to_numpy(self):
        return self._pixels


class DxgiDuplicationSession:
    """An HDR desktop: half floats, 1.0 is 80 nits; its white is at 160."""

    def __init__(self, monitor_index=None):
        if "lost" in trouble():
            raise RuntimeError("Failed to create DXGI duplication session: Access is denied.")

    def acquire_frame(self, timeout_ms=16):
        if "lost" in trouble():
            raise RuntimeError("DXGI duplication access lost; call recreate() to re-establish the session")
        time.sleep(0.01)
        if "still" in trouble():
            return None
        pixels = np.full((*SIZE, 4), 2.0, np.float16)
        at = time.perf_counter_ns() // 10_000_000 % (SIZE[1] - 20)
        pixels[:, at : at + 20] = (0, 0, 0, 1)
        return DxgiDuplicationFrame((pixels, "rgba16f"))

    def recreate(self):
        self.__init__()
