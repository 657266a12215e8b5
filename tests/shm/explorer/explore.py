"""Runs a scenario many times and says how it first went wrong."""

from dataclasses import dataclass, replace

from shm.errors import RingError
from tests.shm.explorer.memory_model import Broken
from tests.shm.explorer.product import Product
from tests.shm.explorer.scenarios import Scenario
from tests.shm.explorer.scheduler import Strategy
from tests.shm.explorer.strategies import Decisions, Dice, Known, Replay, Search
from tests.shm.explorer.world import World


@dataclass(frozen=True)
class Failure:
    """What a run broke, after how many runs, and the decisions that do it again."""

    scenario: Scenario
    invariant: str
    what: str
    runs: int
    decisions: Decisions
    seed: int | None = None


def run_once(
    product: Product, scenario: Scenario, strategy: Strategy, trace: list[str] | None = None
) -> tuple[str, str] | None:
    """(invariant, what) that was broken."""
    world = World(product, strategy, trace)
    try:
        scenario.build(world)
        world.machine.run()
        world.invariants.at_the_end()
    except Broken as broken:
        return broken.invariant, broken.what
    except RingError as error:
        return type(error).__name__, str(error)
    return None


def roll(product: Product, scenario: Scenario, runs: int, seed: int = 0) -> Failure | None:
    """Random runs; kills fall on each step in turn."""
    for number in range(runs):
        dice = Dice(seed + number, kill_times(scenario, seed + number))
        broken = run_once(product, scenario, dice)
        if broken:
            return Failure(scenario, *broken, number + 1, dice.decisions, seed + number)
    return None


def kill_times(scenario: Scenario, number: int) -> tuple[int, ...]:
    return tuple(sorted((number * (31**i) + 7 * i) % scenario.turns for i in range(scenario.kills)))


def explain(product: Product, failure: Failure, last: int = 60) -> str:
    """The end of the failing run, step by step."""
    trace: list[str] = []
    run_once(product, failure.scenario, Replay(failure.decisions), trace)
    return "\n".join(trace[-last:])


def shrink(product: Product, failure: Failure) -> Failure:
    """Leave out decisions as long as the same invariant still breaks."""
    kept = dict(failure.decisions)
    for _ in range(3):
        before = len(kept)
        for number in sorted(kept, reverse=True):
            fewer = {n: d for n, d in kept.items() if n != number}
            broken = run_once(product, failure.scenario, Replay(fewer))
            if broken and broken[0] == failure.invariant:
                kept = fewer
        if len(kept) == before:
            break
    what = run_once(product, failure.scenario, Replay(kept))
    return replace(failure, decisions=kept, what=what[1] if what else failure.what)


def search(
    product: Product, scenario: Scenario, preemptions: int, weak: int, most_runs: int = 10**9
) -> tuple[Failure | None, Search]:
    """Every run there is within the bounds of Search, each state gone on from once."""
    searching = Search(preemptions, weak)
    for number in range(most_runs):
        searching.start()
        try:
            broken = run_once(product, scenario, searching)
        except Known:
            broken = None
        if broken:
            return Failure(scenario, *broken, number + 1, searching.decisions), searching
        searching.advance()
        if searching.exhausted:
            break
    return None, searching
