"""The moving picture of these tests and what can be read back from it, however it was shown.

A large red ball is near, a small green one far away, before a chequered floor under an evening sky; in the
sky stands the number of the frame.
"""

from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import av
import cv2
import numpy as np
import numpy.typing as npt

from workers.capture._time_code import draw_time_code, read_time_code, square
from workers.capture.scene import disc, paint_backdrop, paste, shade_ball

Picture = npt.NDArray[np.uint8]
HEIGHT, WIDTH = 360, 640
NEAR, FAR = np.array([1.0, 0.1, 0.1]), np.array([0.1, 0.9, 0.1])
PERIOD = 60  # frames that the balls take to and fro
RATE, FRAMES = 15, 90  # of the film


class Eyes(NamedTuple):
    """What each eye sees; for the half layouts squeezed as it is."""

    left: Picture
    right: Picture


class Painter:
    """Paints frame after frame, uint8[HEIGHT, WIDTH, 3], RGB."""

    def __init__(self) -> None:
        self._backdrop = paint_backdrop(HEIGHT, WIDTH)
        self._near, self._far = shade_ball(80, NEAR), shade_ball(20, FAR)

    def paint(self, number: int) -> Picture:
        picture = self._backdrop.copy()
        away = int(60 * np.sin(2 * np.pi * number / PERIOD))
        paste(picture, self._far, disc(20), WIDTH * 3 // 4 - away, 185)
        paste(picture, self._near, disc(80), WIDTH // 3 + away, 250)
        code = np.zeros((2 * square(2 * WIDTH), 2 * WIDTH, 3), np.uint8)  # twice as large as usual
        draw_time_code(code, number)
        picture[: code.shape[0], : WIDTH // 2] = code[:, : WIDTH // 2]
        return picture


def film(path: Path, part: slice = slice(None)) -> Path:
    """The moving picture, or some of its columns, as a user's H.264 file."""
    painter = Painter()
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", RATE, options={"crf": "16", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = len(range(WIDTH)[part]), HEIGHT, "yuv420p"
        for number in range(FRAMES):
            picture = np.ascontiguousarray(painter.paint(number)[:, part])
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def eyes_of(picture: Picture, layout: str = "half-sbs") -> Eyes:
    rows, columns = picture.shape[0] // 2, picture.shape[1] // 2
    if layout.endswith("sbs"):
        return Eyes(picture[:, :columns], picture[:, columns : 2 * columns])
    return Eyes(picture[:rows], picture[rows : 2 * rows])


def number_in(view: Picture) -> int | None:
    """The frame's number in one eye's view of any size."""
    whole = cv2.resize(view, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)
    return read_time_code(np.hstack([np.asarray(whole, np.uint8), np.zeros_like(whole, np.uint8)]))


def shifts(eyes: Eyes) -> tuple[float, float]:
    """How much farther right the left eye sees the near and the far ball than the right eye does, in pixels
    of a view WIDTH wide."""
    scale = WIDTH / eyes.left.shape[1]
    return tuple(  # type: ignore[return-value]
        (_where(eyes.left, channel) - _where(eyes.right, channel)) * scale for channel in (0, 1)
    )


def _where(view: Picture, channel: int) -> float:
    """The column of the middle of what is of this colour."""
    others: Any = np.delete(view, channel, axis=2).max(axis=2).astype(int)
    _, columns = np.nonzero(view[..., channel] > 1.6 * others + 40)
    assert columns.size, f"there is no {('red', 'green')[channel]} ball in the picture"
    return float(columns.mean())


def is_in_stereo(picture: Picture, layout: str = "half-sbs") -> bool:
    """Both eyes are there, the near ball before the screen and the far one behind it."""
    near, far = shifts(eyes_of(picture, layout))
    return near > 1 and far < -1


def assert_in_stereo(picture: Picture) -> None:
    """And both eyes see the same frame."""
    assert is_in_stereo(picture)
    eyes = eyes_of(picture)
    assert number_in(eyes.left) == number_in(eyes.right) is not None


def frame_number(picture: Picture) -> int:
    """-1 where none can be read."""
    number = number_in(eyes_of(picture).left)
    return -1 if number is None else number


def save(picture: Picture, path: Path) -> None:
    cv2.imwrite(str(path), picture[..., ::-1])
