"""The ring code in the interleaving explorer: as it is nothing breaks, without any one part something does.

`scripts/explore` does the same for longer and prints the table.
"""

import pytest

from tests.shm.explorer.explore import explain, roll, search, shrink
from tests.shm.explorer.mutations import MUTATIONS, Mutation
from tests.shm.explorer.product import load
from tests.shm.explorer.scenarios import SCENARIOS

RUNS = 500  # of each scenario: every step is killed at least once in those with deaths
MOST_RUNS = 6000  # until a mutation shows
SEARCHED = {"latest, fresh ring": (2, 1), "latest": (1, 1), "every": (1, 0), "keeper and sink": (1, 1)}

pytestmark = pytest.mark.timeout(600)


@pytest.mark.parametrize("name", SCENARIOS)
def test_nothing_breaks_in_any_order_that_was_rolled(name: str) -> None:
    product = load()
    failure = roll(product, SCENARIOS[name], RUNS)
    if failure is not None:
        failure = shrink(product, failure)
        pytest.fail(f"{failure.invariant}: {failure.what}\nseed {failure.seed}\n{explain(product, failure)}")


@pytest.mark.parametrize("name", SEARCHED)
def test_nothing_breaks_in_any_order_within_a_bound(name: str) -> None:
    """Every run with so many preemptions and so many weak steps (a late store, an early load)."""
    product = load()
    preemptions, weak = SEARCHED[name]
    failure, searching = search(product, SCENARIOS[name], preemptions, weak)
    assert failure is None, explain(product, failure)
    assert searching.exhausted


@pytest.mark.parametrize("mutation", MUTATIONS, ids=[mutation.name for mutation in MUTATIONS])
def test_something_breaks_without(mutation: Mutation) -> None:
    product = load([mutation.change])
    for name in mutation.scenarios:
        failure = roll(product, SCENARIOS[name], MOST_RUNS)
        if failure is not None:
            print(f"without {mutation.name}: {failure.invariant} in {name!r} after {failure.runs} runs")
            return
    pytest.fail(f"nothing breaks without {mutation.name}")
