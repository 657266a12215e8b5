"""Store buffering on this very machine: why the fence is there, and that it does what it is there for."""

import os
import time
from collections.abc import Callable
from multiprocessing import get_context

import numpy as np
import pytest

from shm.fence import Fence
from shm.segment import Segment
from tests.shm.ring_processes import Crew, die_with_parent

ROUNDS = 500_000
X, Y, AT = 0, 16, (32, 48)  # words, each in a line of its own; AT: the round that each process is in

pytestmark = pytest.mark.skipif(
    len(getattr(os, "sched_getaffinity", lambda _: range(os.cpu_count() or 1))(0)) < 2,
    reason="two processes have to run at the same time",
)


def store_then_load(segment: Segment, me: int, missed: memoryview, *, fenced: bool) -> None:
    """In every round: store the round in my word, then load the other's; missed[round] = it was not there."""
    die_with_parent()
    words = segment.buffer[:1024].cast("Q")
    mine, other = (X, Y) if me == 0 else (Y, X)
    my_round, other_round = AT[me], AT[1 - me]
    fence: Callable[[], None] = Fence() if fenced else (lambda: None)
    for i in range(1, ROUNDS + 1):
        words[my_round] = i
        while words[other_round] < i:
            pass
        words[mine] = i
        fence()
        if words[other] < i:
            missed[i - 1] = 1


def both_missed(*, fenced: bool) -> int:
    """The rounds in which each process stored and then did not see the other's store."""
    segment = Segment.create(4096, f"litmus-{os.getpid()}")
    context = get_context("fork")
    missed = [context.RawArray("B", ROUNDS) for _ in range(2)]
    with Crew() as crew:
        for process in [
            crew.run(_litmus, segment, me, missed[me], fenced)
            for me in range(2)
        ]:
            assert crew.ended(process) == 0
    segment.close()
    return int((np.frombuffer(missed[0], np.uint8) & np.frombuffer(missed[1], np.uint8)).sum())


def _litmus(segment: Segment, me: int, missed: object, fenced: bool) -> None:
    store_then_load(segment, me, memoryview(missed).cast("B"), fenced=fenced)  # type: ignore[arg-type]


@pytest.mark.timeout(120)
def test_with_the_fence_two_processes_never_miss_each_other() -> None:
    assert sum(both_missed(fenced=True) for _ in range(3)) == 0


@pytest.mark.timeout(120)
def test_without_the_fence_this_program_can_see_them_miss_each_other(record_property: Callable[..., None]) -> None:
    """The control: otherwise the test above would prove nothing on this machine."""
    end, misses, rounds = time.monotonic() + 5, 0, 0
    while not misses and time.monotonic() < end:
        misses += both_missed(fenced=False)
        rounds += ROUNDS
    record_property("misses", f"{misses} of {rounds}")
    print(f"without the fence: {misses} of {rounds} rounds missed by both")
    if not misses:
        pytest.skip(f"this machine showed no miss in {rounds} rounds, so the test of the fence says little here")
