"""How long a worker that died waits for its restart, by a clock that the test sets."""

import pytest

from pipeline.graph import make_plan
from pipeline.managed import BACKOFF_MOST, WELL, WINDOW, Managed, State
from pipeline.settings import load
from tests.pipeline.running import REPO


@pytest.fixture
def worker() -> Managed:
    settings = load(REPO / "settings.yaml", overrides=["capture.source=scene", "sinks=[null]"])
    return Managed(make_plan(settings).workers[0], row=0)


def waits(worker: Managed, well: float | None, times: int, opens: float = 1.0) -> list[float | None]:
    """What it is told to wait each time, if it opens so long and dies `well` seconds after it was ready;
    None: it dies while it opens."""
    now, told = 1000.0, []
    for _ in range(times):
        now += opens
        if well is not None:
            worker.became_ready(now)
            now += well
        told.append(worker.plan_restart(now))
        now += told[-1] or 0.0
    return told


@pytest.mark.parametrize("well", [None, 0.0, 0.9 * WELL])
def test_contract_one_that_dies_soon_each_time_waits_twice_as_long_each_time(
    worker: Managed, well: float | None
) -> None:
    assert waits(worker, well, 5) == [0.1, 0.2, 0.4, 0.8, None]
    assert worker.state is State.FAILED


def test_contract_one_that_had_been_well_is_back_as_soon_as_at_the_first_time(worker: Managed) -> None:
    assert waits(worker, WELL, 4) == [0.1] * 4
    assert worker.state is State.WAITING


def test_contract_five_deaths_within_a_minute_are_too_many_however_well_it_was(worker: Managed) -> None:
    assert waits(worker, WELL, 5)[4] is None
    assert worker.state is State.FAILED


def test_contract_one_that_is_long_in_opening_only_to_die_waits_five_seconds_at_last(worker: Managed) -> None:
    told = waits(worker, None, 9, opens=WINDOW / 4)
    assert told == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, BACKOFF_MOST, BACKOFF_MOST, BACKOFF_MOST]


def test_contract_what_it_waited_is_forgotten_with_its_deaths(worker: Managed) -> None:
    waits(worker, None, 4)
    worker.turn_off()
    assert waits(worker, None, 5) == [0.1, 0.2, 0.4, 0.8, None]
