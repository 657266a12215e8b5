"""What the first pass keeps of each frame: a record, and the network's map as 16 bits.

Both files only grow, the map first; so whatever was killed when, as many frames count as both have whole.
"""

import os
from pathlib import Path

import numpy as np
import numpy.typing as npt

RECORD = np.dtype(
    [
        ("time", "<i8"),  # microseconds
        ("low", "<f4"),  # the range of what counts, by steady's percentiles
        ("high", "<f4"),
        ("darkest", "<f4"),  # inverse depth that the map's 0 stands for
        ("brightest", "<f4"),  # and its 65535
        ("cut", "u1"),  # a scene begins here
    ]
)
MOST = 65535
Map = npt.NDArray[np.float32]
Records = npt.NDArray[np.void]


def records_in(survey: Path) -> Records:
    """All that are whole."""
    data = survey.read_bytes() if survey.exists() else b""
    return np.frombuffer(data[: len(data) // RECORD.itemsize * RECORD.itemsize], RECORD)


def in_16_bits(values: Map) -> tuple[npt.NDArray[np.uint16], float, float]:
    """(the map, the value of 0, that of 65535). What is no number counts as far away."""
    sound = values[np.isfinite(values)]
    low, high = (float(sound.min()), float(sound.max())) if sound.size else (0.0, 0.0)
    scale = MOST / max(high - low, 1e-12)
    codes = np.clip((np.nan_to_num(values, nan=low, posinf=high, neginf=low) - low) * scale, 0, MOST)
    return np.round(codes).astype(np.uint16), low, high


def out_of_16_bits(codes: npt.NDArray[np.uint16], low: float, high: float, target: Map) -> None:
    np.multiply(codes, np.float32((high - low) / MOST), out=target, casting="unsafe")
    target += np.float32(low)


class Recorder:
    """Adds to both files, from frame `first` on. `maps` None: they are not kept."""

    def __init__(self, survey: Path, maps: Path | None, shape: tuple[int, int], first: int) -> None:
        self._survey = survey.open("ab")
        self._survey.truncate(first * RECORD.itemsize)
        self._maps = maps.open("ab") if maps is not None else None
        if self._maps is not None:
            self._maps.truncate(first * shape[0] * shape[1] * 2)

    def add(self, time: int, values: Map, low: float, high: float, cut: bool) -> None:
        """Raises OSError."""
        codes, darkest, brightest = in_16_bits(values)
        if self._maps is not None:
            self._maps.write(codes.tobytes())
            self._maps.flush()
        record = np.array([(time, low, high, darkest, brightest, cut)], RECORD)
        self._survey.write(record.tobytes())
        self._survey.flush()

    def keep(self) -> None:
        """All that was added is on the disk. Raises OSError."""
        for file in filter(None, (self._maps, self._survey)):
            os.fsync(file.fileno())

    def close(self) -> None:
        self._survey.close()
        if self._maps is not None:
            self._maps.close()


class Recorded:
    """The maps of the first pass, by frame number."""

    def __init__(self, survey: Path, maps: Path, shape: tuple[int, int]) -> None:
        self._records, self._shape = records_in(survey), shape
        self._maps = maps.open("rb")

    def read(self, number: int, target: Map) -> None:
        """Raises IndexError for a frame that the first pass has not seen."""
        nbytes = self._shape[0] * self._shape[1] * 2
        self._maps.seek(number * nbytes)
        codes = np.frombuffer(self._maps.read(nbytes), np.uint16)
        if codes.size * 2 < nbytes or number >= len(self._records):
            raise IndexError(f"the first pass has no map of frame {number}")
        record = self._records[number]
        out_of_16_bits(codes.reshape(self._shape), record["darkest"], record["brightest"], target)

    def close(self) -> None:
        self._maps.close()
