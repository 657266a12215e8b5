"""The scenes of a film that somebody has looked through before: where each begins, and its range.

Known beforehand, a cut is never missed and the range neither follows late nor breathes within a scene.
"""

import bisect
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

MOSTLY = 10.0  # percent of a scene's frames may have a darker dark, and as many a brighter bright


class Scene(NamedTuple):
    """`begin` in microseconds; what is as far as `low` or farther is far, and near from `high` on."""

    begin: int
    low: float
    high: float


class Scenes:
    """Of one film, in order."""

    def __init__(self, scenes: Sequence[Scene]) -> None:
        self._scenes = list(scenes)
        self._begins = [scene.begin for scene in scenes]

    def at(self, time: int) -> Scene:
        """The one that is on at this time, in microseconds."""
        return self._scenes[max(0, bisect.bisect_right(self._begins, time) - 1)]

    def as_data(self) -> list[list[float]]:
        """That JSON can carry."""
        return [list(scene) for scene in self._scenes]

    @classmethod
    def read(cls, path: Path) -> "Scenes":
        return cls([Scene(int(begin), low, high) for begin, low, high in json.loads(path.read_text())])

    @classmethod
    def of(
        cls, times: Sequence[int], lows: Sequence[float], highs: Sequence[float], cuts: Sequence[bool]
    ) -> "Scenes":
        """From what each frame says; a cut is a scene's first frame."""
        begins = [0, *(number for number, cut in enumerate(cuts) if cut and number)]
        ends = [*begins[1:], len(times)]
        return cls(
            [
                Scene(
                    int(times[begin]),
                    float(np.percentile(lows[begin:end], MOSTLY)),
                    float(np.percentile(highs[begin:end], 100 - MOSTLY)),
                )
                for begin, end in zip(begins, ends, strict=True)
            ]
        )
