"""Does the fence hold on this machine? The store-buffering litmus test, with two processes.

    one process:    x = i; fence; look at y            the other: y = j; fence; look at x

Each stores, fences and then looks at the other's word. If both miss the other's newest store, frames would
be torn and wake-ups lost; with a full fence in between that cannot be (Sewell et al., "x86-TSO", 2010, SB).
"""

import os
from collections.abc import Callable
from multiprocessing import get_context

import numpy as np

from shm.fence import make_fence
from shm.segment import Segment

STEPS = 300_000
X, Y, STARTED, LOOKS = 0, 16, (32, 48), 64  # words: each of the first four in a line of its own
LIMIT = 60.0  # seconds


def run_litmus(maker: Callable[[], Callable[[], None]] = make_fence) -> tuple[int, int]:
    """(rounds in which both missed, rounds that met at all). `maker` is called in both processes for their
    fence. Raises RuntimeError if a process fails."""
    segment = Segment.create(8 * (LOOKS + 2 * (STEPS + 1)), f"litmus-{os.getpid()}")
    context = get_context("spawn")
    processes = [
        context.Process(target=_store_and_look, args=(segment, me, maker), daemon=True) for me in (0, 1)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(LIMIT)
    codes = [process.exitcode for process in processes]
    if codes != [0, 0]:
        raise RuntimeError(f"the two processes of the fence test ended with {codes}")
    words = np.frombuffer(segment.buffer, np.uint64)
    looks = words[LOOKS : LOOKS + 2 * (STEPS + 1)].reshape(2, STEPS + 1).astype(np.int64)
    del words
    segment.close()
    return _both_missed(looks[0], looks[1])


def _store_and_look(segment: Segment, me: int, maker: Callable[[], Callable[[], None]]) -> None:
    words = segment.buffer.cast("Q")
    mine, other = (X, Y) if me == 0 else (Y, X)
    looks = LOOKS + me * (STEPS + 1)
    fence = maker()
    if hasattr(os, "sched_setaffinity"):  # each on a core of its own, or they take turns and never meet
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[me % len(cores)]})
    words[STARTED[me]] = 1
    while not words[STARTED[1 - me]]:
        pass
    for i in range(1, STEPS + 1):
        words[mine] = i
        fence()
        words[looks + i] = words[other]


def _both_missed(
    saw_y: np.ndarray[tuple[int], np.dtype[np.int64]], saw_x: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> tuple[int, int]:
    """saw_y[i]: what the first saw of y after it had stored i. It missed the store after that one; the
    other, having made it, must have seen x = i."""
    i = np.arange(1, STEPS + 1)
    j = saw_y[i] + 1
    i, j = i[j <= STEPS], j[j <= STEPS]
    return int((saw_x[j] < i).sum()), len(np.unique(saw_y))
