"""The ring code in the interleaving explorer: as it is nothing breaks, without any one part something does.

`scripts/explore` does the same for longer.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

import pytest

from tests.shm.explorer.explore import Failure, explain, roll, search, shrink
from tests.shm.explorer.memory_model import Broken, Thread
from tests.shm.explorer.mutations import MUTATIONS, Mutation
from tests.shm.explorer.product import Product, load
from tests.shm.explorer.scenarios import SCENARIOS
from tests.shm.explorer.scheduler import Bell, Machine
from tests.shm.explorer.strategies import UNLIMITED, Known, Search
from tests.shm.explorer.table import Table

RUNS = 500  # of each scenario: there is a kill at each of its steps in those with deaths
MOST_RUNS = 6000  # until a mutation shows
SEARCHED = [  # how often somebody may be made to wait, how many stores may be late or loads stale
    ("latest, two frames", UNLIMITED, 0),
    ("latest, two frames", 2, 1),
    ("latest, fresh ring", 2, 1),
    ("every, two frames", 3, 0),
    ("every", 1, 0),
    ("keeper and sink", UNLIMITED, 0),
]

pytestmark = pytest.mark.timeout(600)


def replayed(product: Product, failure: Failure) -> str:
    failure = shrink(product, failure)
    return (
        f"{failure.scenario.name}: {failure.invariant}: {failure.what}\n"
        f"seed {failure.seed}, decisions {failure.decisions}\n{explain(product, failure)}"
    )


@pytest.mark.parametrize("name", SCENARIOS)
def test_nothing_breaks_in_any_order_that_was_rolled(name: str) -> None:
    product = load()
    failure = roll(product, SCENARIOS[name], RUNS)
    assert failure is None, replayed(product, failure)


@pytest.mark.parametrize(("name", "preemptions", "weak"), SEARCHED)
def test_nothing_breaks_in_any_order_within_bounds(name: str, preemptions: int, weak: int) -> None:
    product = load()
    failure, searching = search(product, SCENARIOS[name], preemptions, weak)
    assert failure is None, replayed(product, failure)
    assert searching.exhausted


@pytest.fixture(scope="module")
def table(request: pytest.FixtureRequest) -> Iterator[Table]:
    """Filled by the tests below, and printed after them."""
    table = Table()
    yield table
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print(f"\n{table}")


@pytest.mark.parametrize("mutation", MUTATIONS, ids=[mutation.name for mutation in MUTATIONS])
def test_something_breaks_without(mutation: Mutation, table: Table) -> None:
    assert table.try_without(mutation, MOST_RUNS), f"nothing breaks without {mutation.name}"


def test_a_failure_is_done_again_by_its_decisions() -> None:
    product = load([mutation.change for mutation in MUTATIONS if mutation.name == "the writer's second look"])
    failure = roll(product, SCENARIOS["every-or-count"], MOST_RUNS)
    assert failure is not None
    shrunk = shrink(product, failure)
    assert shrunk.invariant == failure.invariant
    assert len(shrunk.decisions) < len(failure.decisions)
    assert "pixels" in explain(product, shrunk)


# -- the memory is as weak as it says, and no weaker ---------------------------------------------------

Program = Callable[[Machine, int, int], list[int]]


def outcomes(*programs: Program) -> set[tuple[int, ...]]:
    """All that the programs, each on its own processor, can see in the words x and y."""
    seen, searching = set(), Search(UNLIMITED, weak=4)
    while not searching.exhausted:
        searching.start()
        with suppress(Known):
            seen.add(outcome(searching, programs))
        searching.advance()
    return seen


def outcome(searching: Search, programs: tuple[Program, ...]) -> tuple[int, ...]:
    machine, audience = Machine(searching), list[Thread]()
    x, y = machine.memory.allocate("x", audience), machine.memory.allocate("y", audience)
    results: dict[int, list[int]] = {}

    def run(number: int) -> None:
        results[number] = programs[number](machine, x, y)
        machine.sleep(Bell())

    for number in range(len(programs)):
        machine.join(machine.start(str(number), str(number), partial(run, number)), audience)
    machine.run()
    return tuple(value for number in sorted(results) for value in results[number])


def store(machine: Machine, at: int, value: int = 1) -> list[int]:
    machine.store(at, value)
    return []


def fence(machine: Machine) -> list[int]:
    machine.fence()
    return []


def test_a_load_passes_an_earlier_store() -> None:
    one = lambda m, x, y: [*store(m, x), m.load(y)]  # noqa: E731
    other = lambda m, x, y: [*store(m, y), m.load(x)]  # noqa: E731
    assert outcomes(one, other) == {(0, 0), (0, 1), (1, 0), (1, 1)}


def test_but_not_over_a_fence() -> None:
    one = lambda m, x, y: [*store(m, x), *fence(m), m.load(y)]  # noqa: E731
    other = lambda m, x, y: [*store(m, y), *fence(m), m.load(x)]  # noqa: E731
    assert outcomes(one, other) == {(0, 1), (1, 0), (1, 1)}


@pytest.mark.parametrize(("writer_fenced", "reader_fenced"), [(False, True), (True, False)])
def test_a_message_needs_both_fences(writer_fenced: bool, reader_fenced: bool) -> None:
    def send(m: Machine, x: int, y: int) -> list[int]:
        return [*store(m, x), *(fence(m) if writer_fenced else []), *store(m, y)]

    def receive(m: Machine, x: int, y: int) -> list[int]:
        return [m.load(y), *(fence(m) if reader_fenced else []), m.load(x)]

    assert (1, 0) in outcomes(send, receive)


def test_with_both_it_arrives() -> None:
    send = lambda m, x, y: [*store(m, x), *fence(m), *store(m, y)]  # noqa: E731
    receive = lambda m, x, y: [m.load(y), *fence(m), m.load(x)]  # noqa: E731
    assert outcomes(send, receive) == {(0, 0), (0, 1), (1, 1)}


def test_one_word_never_goes_back() -> None:
    write = lambda m, x, y: [*store(m, x, 1), *store(m, x, 2)]  # noqa: E731
    read = lambda m, x, y: [m.load(x), m.load(x)]  # noqa: E731
    assert outcomes(write, read) == {(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)}


def test_a_thread_sees_its_own_store_at_once() -> None:
    assert outcomes(lambda m, x, y: [*store(m, x, 7), m.load(x)]) == {(7,)}


def test_all_see_two_stores_in_one_order() -> None:
    def read(m: Machine, first: int, second: int) -> list[int]:
        return [m.load(first), *fence(m), m.load(second)]

    seen = outcomes(
        lambda m, x, y: store(m, x),
        lambda m, x, y: store(m, y),
        lambda m, x, y: read(m, x, y),
        lambda m, x, y: read(m, y, x),
    )
    assert (1, 0, 1, 0) not in seen
    assert {(1, 0, 0, 1), (1, 1, 1, 1), (0, 0, 0, 0)} <= seen


def read_data_then_store(m: Machine, x: int, y: int, *, fenced: bool) -> list[int]:
    m.read_data(x, expected=0)
    return [*(fence(m) if fenced else []), *store(m, y)]


def write_data_once_told(m: Machine, x: int, y: int) -> list[int]:
    if m.load(y):
        m.write_data(x, 1)
    return []


def test_a_read_of_data_may_come_after_a_later_store() -> None:
    with pytest.raises(Broken, match="torn"):
        outcomes(lambda m, x, y: read_data_then_store(m, x, y, fenced=False), write_data_once_told)


def test_but_never_after_a_fence() -> None:
    outcomes(lambda m, x, y: read_data_then_store(m, x, y, fenced=True), write_data_once_told)
