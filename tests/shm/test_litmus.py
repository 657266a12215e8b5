"""Store buffering on this very machine: why the fence is there, and that it does what it is there for.

    one process:    x = i; i = 1, 2, …; look at y            the other: y = j; look at x

If one looks after x = i and does not see y = j yet, its look came before y = j, so the other's look after
y = j must see x = i. Each missing the other is what a store buffer does, and what the fence forbids.
"""

import os
from collections.abc import Callable
from typing import Any

import pytest

from pipeline.litmus import STEPS, run_litmus

MOST_RUNS = 10

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(
        len(getattr(os, "sched_getaffinity", lambda _: range(os.cpu_count() or 1))(0)) < 2,
        reason="two processes have to run at the same time",
    ),
]


def make_no_fence() -> Callable[[], None]:
    """Orders nothing."""
    return lambda: None


def test_with_the_fence_two_processes_never_miss_each_other() -> None:
    met = 0
    for _ in range(MOST_RUNS):
        missed, meetings = run_litmus()
        assert missed == 0
        met += meetings
        if met > 2 * STEPS:
            break
    print(f"with the fence: none of {met} missed by both")


def test_without_the_fence_this_program_sees_them_miss_each_other(record_property: Any) -> None:
    """The control: otherwise the test above would prove nothing on this machine."""
    missed = met = 0
    for _ in range(MOST_RUNS):
        found = run_litmus(make_no_fence)
        missed, met = missed + found[0], met + found[1]
        if missed > 20:
            break
    record_property("missed", f"{missed} of {met}")
    print(f"without the fence: {missed} of {met} missed by both")
    if not missed:
        pytest.skip(f"none of {met} was missed: the test of the fence says little on this machine now")
