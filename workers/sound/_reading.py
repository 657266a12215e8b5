"""Any file with sound in it as frames of one channel: whatever PyAV (FFmpeg) reads, resampled cleanly."""

import logging
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

log = logging.getLogger(__name__)
_named: set[str] = set()  # what is played over and over is named once
Pcm = npt.NDArray[np.int16]


class CannotRead(ValueError):
    """Names the file and what is wrong with it."""


def frames_of(path: str, rate: int, length: int, layout: str = "mono") -> Generator[Pcm]:
    """`length` samples each, those of several channels by turns, at `rate` samples a second; the last may be
    shorter. What cannot be decoded is left out. Raises CannotRead, also in the middle of a file."""
    done, channels = 0, av.AudioLayout(layout).nb_channels
    left, whole = np.zeros(0, np.int16), length * channels
    with _opened(path) as container:
        try:
            for part in _resampled(_decoded(container, path), rate, layout):
                left = np.concatenate([left, part])
                for at in range(0, len(left) - whole + 1, whole):
                    done += length
                    yield left[at : at + whole]
                left = left[len(left) // whole * whole :]
        except (av.FFmpegError, ValueError) as error:
            raise CannotRead(f"{path}: cannot be read after {done / rate:.1f} s: {error}") from error
    if len(left):
        yield left


def read_whole(path: str, rate: int) -> Pcm:
    """All of it that can be decoded. Raises CannotRead."""
    parts = [*frames_of(path, rate, rate)]
    return np.concatenate(parts) if parts else np.zeros(0, np.int16)


def check(path: str) -> None:
    """Raises CannotRead."""
    _opened(path).close()


def _resampled(frames: Iterator[Any], rate: int, layout: str) -> Iterator[Pcm]:
    """Parts of any length. Where files were put one after the other, rate and channels may change between two
    frames, which no resampler takes."""
    resampler: Any = None
    form = None
    for frame in frames:
        if form != (form := (frame.format.name, frame.layout.name, frame.sample_rate)):
            yield from _rest_of(resampler)
            resampler = av.AudioResampler("s16", layout, rate)
        for part in resampler.resample(frame):
            yield np.asarray(part.to_ndarray()[0], np.int16)
    yield from _rest_of(resampler)


def _rest_of(resampler: Any) -> Iterator[Pcm]:
    for part in resampler.resample(None) if resampler is not None else ():
        yield np.asarray(part.to_ndarray()[0], np.int16)


def _decoded(container: Any, path: str) -> Iterator[Any]:
    """Raises what is wrong where nothing at all can be decoded."""
    packets, any_of_it = container.demux(_sound_in(container)), False
    damage: Exception | None = None
    while True:
        try:
            packet = next(packets, None)
            frames = [] if packet is None else packet.decode()
        except av.InvalidDataError as error:
            damage = damage or error
            continue
        if packet is None:
            break
        any_of_it = any_of_it or bool(frames)
        yield from frames
    if damage is not None and not any_of_it:
        raise damage
    if damage is not None and path not in _named:
        _named.add(path)
        log.warning("%s: what cannot be read of it is left out: %s", path, damage)


def _sound_in(container: Any) -> Any:
    """The first that there is a decoder for."""
    return next((one for one in container.streams.audio if one.codec_context is not None), None)


def _opened(path: str) -> Any:
    file = Path(path)
    try:  # whole, or 12:30.mp3 would name a protocol
        container = av.open(str(file.absolute()) if file.exists() else path)
    except (av.FFmpegError, OSError) as error:
        raise CannotRead(f"{path}: cannot be read: {error}") from error
    if _sound_in(container) is None:
        container.close()
        raise CannotRead(f"{path}: has no sound in it that can be read")
    return container
