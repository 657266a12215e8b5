"""Time of one map, all models in turn in each round: what else the machine does meanwhile hits all alike."""

import time
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

WARM_UP = 3

Picture = npt.NDArray[np.uint8]
Run = Callable[[Picture], npt.NDArray[np.float32]]


def times(runs: Mapping[str, Run], picture: Picture, rounds: int) -> dict[str, npt.NDArray[np.float64]]:
    """Model → ms of each round, float64[rounds]."""
    found: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(WARM_UP + rounds):
        for name, run in runs.items():
            begin = time.perf_counter()
            run(picture)
            if number >= WARM_UP:
                found[name].append((time.perf_counter() - begin) * 1e3)
    return {name: np.asarray(values) for name, values in found.items()}
