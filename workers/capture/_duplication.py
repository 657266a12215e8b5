"""A monitor of Windows with its high dynamic range: desktop duplication through windows-capture."""

import threading
import time
from collections.abc import Callable
from typing import Any

from workers.capture._frames import Grab
from workers.capture._pushed import Newest
from workers.capture._tone import to_srgb

WAIT_MS = 100  # for a change; then somebody may want it to end


class Duplication:
    """Runs on a thread of its own until nobody wants pictures. `white()` is the desktop's white in nits."""

    def __init__(self, session: Any, newest: Newest, white: Callable[[], float]) -> None:
        self._session, self._newest, self._white = session, newest, white
        self._thread = threading.Thread(target=self._run, name="duplication", daemon=True)
        self._thread.start()

    def is_finished(self) -> bool:
        return not self._thread.is_alive()

    def stop(self) -> None:
        self._newest.close()
        self._thread.join(10 * WAIT_MS / 1000)

    def _run(self) -> None:
        try:
            while self._newest.wanted():
                frame = self._session.acquire_frame(timeout_ms=WAIT_MS)
                if frame is not None:
                    self._put(frame)
        except (RuntimeError, OSError) as error:  # the package says so when access is lost
            self._newest.fail(f"the screen is lost ({error}); trying again")

    def _put(self, frame: Any) -> None:
        """Windows hands out half floats only while the monitor is in its HDR mode."""
        pixels, kind = frame.to_numpy(), frame.color_format
        if kind == "rgba16f":
            t_capture = time.perf_counter_ns()
            room = self._newest.room((*pixels.shape[:2], 3))
            self._newest.put(Grab(to_srgb(pixels, self._white(), room), "RGB", t_capture))
        else:
            self._newest.put_copy(pixels, {"bgra8": "BGRA", "rgba8": "RGBA"}[kind])
