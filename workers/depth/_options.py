"""What an option of a network has to prove before it is kept: the same answer, sooner."""

import logging
import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

NONE = "none"
BUILD_LIMIT = 1800  # seconds; TensorRT takes minutes for a large network
WARM_UP, ROUNDS = 3, 15
AGREE = 0.05  # of the range; what differs more is another answer
Answer = Callable[[], npt.NDArray[np.float32]]
log = logging.getLogger(__name__)


def proves_itself(option: str, name: str, plain: Answer, other: Answer) -> bool:
    """Whether the network `name` is to run with the option from here on; says why, or why not. Both answer
    the same question."""
    off = difference(plain(), other())
    if not off <= AGREE:  # also where it is not a number
        log.warning(
            "depth.option: %s goes on without %s: its answer is off by %.0f%% of the range",
            name,
            option,
            off * 100,
        )
        return False
    plain_ms, other_ms = times(plain, other)
    quicker = other_ms < plain_ms
    verdict = "kept" if quicker else "not kept"
    log.info("depth.option: %s takes %.1f ms, plain %.1f ms: %s", option, other_ms, plain_ms, verdict)
    return quicker


def difference(plain: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> float:
    """The largest, as a share of the range."""
    return float(np.abs(plain - other).max() / max(np.ptp(plain), 1e-6))


def times(one: Callable[[], object], other: Callable[[], object]) -> tuple[float, float]:
    """Median ms of each, in turns, so that other work on the machine falls on both."""
    spent: tuple[list[float], list[float]] = ([], [])
    for turn in range(WARM_UP + ROUNDS):
        for job, its in zip((one, other), spent, strict=True):
            begin = time.perf_counter()
            job()
            if turn >= WARM_UP:
                its.append((time.perf_counter() - begin) * 1e3)
    return float(np.median(spent[0])), float(np.median(spent[1]))
