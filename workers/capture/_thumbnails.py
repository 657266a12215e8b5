"""Small pictures of what could be captured, to choose by."""

import os
from types import SimpleNamespace
from typing import Any

import av
import cv2
import mss
import numpy as np
import numpy.typing as npt
import simplejpeg
from mss.exception import ScreenShotError

from workers.capture._cameras import opening
from workers.capture._x11 import GONE, Windows

WIDTH = 320  # pixels
QUALITY = 75
Picture = npt.NDArray[np.uint8]


class NoPicture(Exception):
    """There is none to be had; the message says why."""


def of_monitor(number: int) -> bytes:
    """0 is all of them together. Raises NoPicture."""
    try:
        with mss.MSS() as screen:
            if not 0 <= number < len(screen.monitors):
                raise NoPicture(f"there is no monitor {number}; there are {len(screen.monitors) - 1}")
            shot = screen.grab(screen.monitors[number])
    except ScreenShotError as error:
        raise NoPicture(f"the display cannot be captured: {error}") from error
    return _small(np.frombuffer(shot.raw, np.uint8).reshape(shot.height, shot.width, 4), "BGRX")


def of_window(window_id: int) -> bytes:
    """Of an X11 desktop, whole even where others cover it. Raises NoPicture."""
    connection = None
    try:
        connection = Windows()
        if not connection.state(window_id).shown:
            raise NoPicture("the window is minimised")
        connection.keep_drawn(window_id)
        options = {"window_id": str(window_id), "draw_mouse": "0"}
        return _first_frame(os.environ["DISPLAY"], "x11grab", options)
    except GONE as error:
        raise NoPicture(f"the window is gone, or the display: {error}") from error
    finally:
        if connection is not None:
            connection.close()


def of_camera(number: int) -> bytes:
    """Of one that nobody uses: it is opened for a moment. Raises NoPicture."""
    how = opening(SimpleNamespace(which=number, width=0, height=0, fps=0))
    return _first_frame(how.file, how.format, how.options)


def _first_frame(file: str, kind: str, options: dict[str, str]) -> bytes:
    try:
        with av.open(file, format=kind, options=options) as container:
            frame: Any = next(container.decode(video=0))
            return _small(frame.to_ndarray(format="rgb24"), "RGB")
    except (av.FFmpegError, OSError, StopIteration) as error:
        raise NoPicture(f"no picture of it can be taken: {error}") from error


def _small(pixels: Picture, colours: str) -> bytes:
    height, width = pixels.shape[:2]
    scale = min(1.0, WIDTH / width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return bytes(simplejpeg.encode_jpeg(np.ascontiguousarray(small), QUALITY, colours))
