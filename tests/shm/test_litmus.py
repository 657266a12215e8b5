"""Store buffering on this very machine: why the fence is there, and that it does what it is there for.

    one process:    x = i; i = 1, 2, …; look at y            the other: y = j; look at x

If one looks after x = i and does not see y = j yet, its look came before y = j, so the other's look after
y = j must see x = i. Each missing the other is what a store buffer does, and what the fence forbids.
"""

import os
from multiprocessing import get_context
from typing import Any

import numpy as np
import pytest

from shm.fence import Fence
from shm.segment import Segment
from tests.shm.ring_processes import Crew, die_with_parent

STEPS, MOST_RUNS = 300_000, 10
X, Y, STARTED = 0, 16, (32, 48)  # words, each in a line of its own

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(
        len(getattr(os, "sched_getaffinity", lambda _: range(os.cpu_count() or 1))(0)) < 2,
        reason="two processes have to run at the same time",
    ),
]


class NoFence:
    """Takes about as long to call as Fence, and orders nothing."""

    def __call__(self) -> None:
        pass


def store_and_look(segment: Segment, me: int, looks: Any, fenced: bool) -> None:
    """looks[i]: what was in the other's word after i had been stored in mine."""
    die_with_parent()
    words, saw = segment.buffer[:1024].cast("Q"), memoryview(looks).cast("B").cast("Q")
    mine, other = (X, Y) if me == 0 else (Y, X)
    fence = (Fence() if fenced else NoFence()).__call__  # 60 ns less than calling the object
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[me]})
    words[STARTED[me]] = 1
    while not words[STARTED[1 - me]]:
        pass
    for i in range(1, STEPS + 1):
        words[mine] = i
        fence()
        saw[i] = words[other]


def both_missed(*, fenced: bool) -> tuple[int, int]:
    """How often each process missed the other; and how often one looked between two of the other's looks."""
    segment = Segment.create(4096, f"litmus-{os.getpid()}")
    looks = [get_context("fork").RawArray("Q", STEPS + 2) for _ in range(2)]
    with Crew() as crew:
        for process in [crew.run(store_and_look, segment, me, looks[me], fenced) for me in range(2)]:
            assert crew.ended(process) == 0
    segment.close()
    saw_y, saw_x = (np.frombuffer(each, np.uint64).astype(np.int64) for each in looks)
    i = np.arange(1, STEPS + 1)
    j = saw_y[i] + 1  # the first step of the other that was not seen
    i, j = i[j <= STEPS], j[j <= STEPS]
    return int((saw_x[j] < i).sum()), len(np.unique(saw_y))


def test_with_the_fence_two_processes_never_miss_each_other() -> None:
    met = 0
    for _ in range(MOST_RUNS):
        missed, meetings = both_missed(fenced=True)
        assert missed == 0
        met += meetings
        if met > 2 * STEPS:
            break
    print(f"with the fence: none of {met} missed by both")


def test_without_the_fence_this_program_sees_them_miss_each_other(record_property: Any) -> None:
    """The control: otherwise the test above would prove nothing on this machine."""
    missed = met = 0
    for _ in range(MOST_RUNS):
        found = both_missed(fenced=False)
        missed, met = missed + found[0], met + found[1]
        if missed > 20:
            break
    record_property("missed", f"{missed} of {met}")
    print(f"without the fence: {missed} of {met} missed by both")
    if not missed:
        pytest.skip(f"none of {met} was missed: the test of the fence says little on this machine now")
