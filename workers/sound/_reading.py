"""Any file with sound in it as frames of one channel: whatever PyAV (FFmpeg) reads, resampled cleanly."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

Pcm = npt.NDArray[np.int16]


class CannotRead(ValueError):
    """Names the file and what is wrong with it."""


def frames_of(path: str, rate: int, length: int, layout: str = "mono") -> Generator[Pcm]:
    """`length` samples each, those of several channels by turns, at `rate` samples a second; the last may be
    shorter. Raises CannotRead, also in the middle of a file."""
    resampler = av.AudioResampler("s16", layout, rate, frame_size=length)
    done = 0
    with _opened(path) as container:
        try:
            for frame in container.decode(audio=0):
                for part in resampler.resample(frame):
                    done += part.samples
                    yield np.asarray(part.to_ndarray()[0], np.int16)
        except (av.FFmpegError, ValueError) as error:
            raise CannotRead(f"{path}: cannot be read after {done / rate:.1f} s: {error}") from error
        for part in resampler.resample(None):
            yield np.asarray(part.to_ndarray()[0], np.int16)


def read_whole(path: str, rate: int) -> Pcm:
    """All of it. Raises CannotRead."""
    parts = [*frames_of(path, rate, rate)]
    return np.concatenate(parts) if parts else np.zeros(0, np.int16)


def check(path: str) -> None:
    """Raises CannotRead."""
    _opened(path).close()


def _opened(path: str) -> Any:
    file = Path(path)
    try:  # whole, or 12:30.mp3 would name a protocol
        container = av.open(str(file.absolute()) if file.exists() else path)
    except (av.FFmpegError, OSError) as error:
        raise CannotRead(f"{path}: cannot be read: {error}") from error
    if not container.streams.audio:
        container.close()
        raise CannotRead(f"{path}: has no sound in it")
    return container
