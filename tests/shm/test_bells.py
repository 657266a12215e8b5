"""The two kinds of ends, that of Linux and that of macOS and Windows, which works here too."""

import select
from multiprocessing import get_context
from typing import Any

import pytest

from shm.wake import EventEnd, SocketEnd

KINDS = pytest.mark.parametrize("kind", [EventEnd, SocketEnd])

pytestmark = pytest.mark.timeout(60)


def is_rung(end: Any) -> bool:
    return bool(select.select([end], [], [], 0)[0])


@KINDS
def test_contract_each_end_wakes_the_other(kind: Any) -> None:
    one, other = kind.pair()
    one.ring()
    assert (is_rung(one), is_rung(other)) == (False, True)
    other.drain()
    other.ring()
    assert (is_rung(one), is_rung(other)) == (True, False)
    for end in (one, other):
        end.close()


@KINDS
def test_contract_nobody_is_held_by_rings_that_are_not_heard_and_one_drain_takes_them_all(kind: Any) -> None:
    one, other = kind.pair()
    for _ in range(5000):
        one.ring()
    other.drain()
    assert not is_rung(other)
    other.drain()  # of nothing
    one.ring()
    assert is_rung(other)
    for end in (one, other):
        end.close()


def answer(end: Any) -> None:
    select.select([end], [], [])
    end.drain()
    end.ring()


def ring_oneself(one: Any, other: Any) -> None:
    one.ring()
    assert is_rung(other)


@KINDS
def test_contract_both_ends_may_go_to_one_process(kind: Any) -> None:
    """Who writes a ring may keep its frames, too."""
    one, other = kind.pair()
    process = get_context("spawn").Process(target=ring_oneself, args=(one, other))
    process.start()
    process.join(30)
    assert process.exitcode == 0
    for end in (one, other):
        end.close()


@KINDS
@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_contract_an_end_goes_to_another_process_and_to_his_successor(kind: Any, method: str) -> None:
    one, other = kind.pair()
    for _ in range(2):
        process = get_context(method).Process(target=answer, args=(other,))
        process.start()
        one.ring()
        assert select.select([one], [], [], 30)[0]
        one.drain()
        process.join(30)
        assert process.exitcode == 0
    for end in (one, other):
        end.close()
