"""A camera: v4l2 on Linux, DirectShow on Windows, AVFoundation on macOS, all through PyAV (FFmpeg)."""

import errno
import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Annotated, Any

import av
from annotated_types import Ge, Le

from workers.capture._cameras import Opening, cameras, opening, wanted
from workers.capture._cameras import unavailable as unavailable
from workers.capture._frames import Grab
from workers.capture._pushed import Newest, PushedSource
from workers.capture._readable import readable, warned_once

LOG = logging.getLogger(__name__)
NOT_YET = 0.002  # seconds until a camera is asked again that has no new picture
CLOSING = 1.0  # seconds; while one is open it cannot be opened again
GUESS = (1080, 1920)  # rows and columns, for a camera that is not asked for a size


@dataclass(frozen=True)
class Settings:
    """Which camera, and what it is asked for; 0 is what it offers by itself."""

    which: int | str = 1
    width: Annotated[int, Ge(0), Le(8192)] = 0
    height: Annotated[int, Ge(0), Le(8192)] = 0
    fps: Annotated[int, Ge(0), Le(480)] = 0


class Camera(PushedSource):
    """Read on a thread of its own, and always the newest picture taken: FFmpeg's queue would fill up with old
    ones. Closed, and its light off, while nobody looks."""

    silence = 10.0  # some take five seconds to wake up

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._thread: threading.Thread | None = None

    @classmethod
    def largest(cls, settings: SimpleNamespace) -> tuple[int, int]:
        wants = settings.camera
        if bool(wants.width) != bool(wants.height):
            raise ValueError("camera: set width and height, or neither")
        wanted(wants.which, cameras())
        return (wants.height, wants.width) if wants.width else GUESS

    def start(self, newest: Newest) -> None:
        chosen = opening(self.settings.camera)
        self.what = f"the camera {chosen.file}"
        if self._thread is not None:
            self._thread.join(CLOSING)
            if self._thread.is_alive():
                raise OSError(f"{self.what} does not answer; trying again every second")
        self._thread = threading.Thread(target=_film, args=(chosen, newest), name="camera", daemon=True)
        self._thread.start()


def _film(chosen: Opening, newest: Newest) -> None:
    """Until nobody wants pictures any more, or there are none."""
    try:
        with av.open(chosen.file, format=chosen.format, options=chosen.options) as container:
            for frame in _frames(container, chosen, newest):
                t_capture = time.perf_counter_ns()
                if not newest.put(Grab(_pixels(frame), "RGB", t_capture)):
                    return
        if newest.wanted():
            newest.fail(f"the camera {chosen.file} has ended; trying again every second")
    except (av.FFmpegError, OSError, ValueError) as error:
        newest.fail(_why(chosen, error))


def _frames(container: Any, chosen: Opening, newest: Newest) -> Iterator[Any]:
    """AVFoundation does not wait for its next picture: it says that there is none yet, which ends PyAV's
    reading, but not the camera's. A damaged picture, as many cameras begin with one, costs itself alone."""
    damaged = warned_once(LOG, f"a picture of the camera {chosen.file}")
    while newest.wanted():
        try:
            yield from readable(container.demux(video=0), damaged)
            return
        except av.BlockingIOError:
            time.sleep(NOT_YET)


def _pixels(frame: Any) -> Any:
    return frame.to_ndarray(format="rgb24")


def _why(chosen: Opening, error: Exception) -> str:
    """What went wrong and what can be done about it."""
    number = getattr(error, "errno", None)
    asked = ", ".join(f"{key} {value}" for key, value in chosen.options.items())
    if number == errno.EBUSY:
        advice = "another program has it; close that"
    elif number in (errno.EACCES, errno.EPERM):
        advice = "this user may not use it; on Linux add them to the group video"
    elif number in (errno.EINVAL, errno.EIO) and asked:
        advice = f"it may not offer {asked}; set camera.width, height and fps to 0"
    else:
        advice = f"there are: {', '.join(camera.name for camera in cameras()) or 'none'}"
    return f"the camera {chosen.file} cannot be read ({error}); {advice}; trying again every second"
