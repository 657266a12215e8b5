"""How far apart flashes and claps are in what was made of them: a file, or whatever FFmpeg can open."""

from pathlib import Path

import av
import numpy as np

LOUD = 0.1  # of full scale
APART = 0.5  # seconds between two of a kind, at least
BEGUN = 0.1  # seconds; a clap before that may have begun before the file


def offsets(path: Path | str) -> list[float]:
    """For each flash the time to the nearest clap, in ms; more than 0: the picture is late."""
    flashes, claps = flashes_in(path), claps_in(path)
    if not flashes or not claps:
        return []
    nearest = [min(claps, key=lambda clap: abs(clap - flash)) for flash in flashes]
    pairs = zip(flashes, nearest, strict=True)
    return [1000 * float(flash - clap) for flash, clap in pairs if abs(flash - clap) < APART]


def flashes_in(path: Path | str) -> list[float]:
    with av.open(str(path)) as file:
        light = [(frame.time, frame.to_ndarray(format="gray").mean()) for frame in file.decode(video=0)]
    levels = np.array([level for _, level in light])
    white = levels > (levels.min() + levels.max()) / 2
    return [light[at + 1][0] for at in np.flatnonzero(~white[:-1] & white[1:])]


def claps_in(path: Path | str) -> list[float]:
    with av.open(str(path)) as file:
        found, last = list[float](), -APART
        for frame in file.decode(audio=0):
            loud = np.flatnonzero(np.abs(frame.to_ndarray()[0]) > LOUD)
            if len(loud) and frame.time is not None and frame.time - last > APART:
                found.append(frame.time + loud[0] / frame.rate)
            if len(loud) and frame.time is not None:
                last = frame.time
    return [clap for clap in found if clap > BEGUN]
