"""The mutation table: what breaks without what."""

from tests.shm.explorer.explore import Failure, roll
from tests.shm.explorer.mutations import Mutation
from tests.shm.explorer.product import load
from tests.shm.explorer.scenarios import SCENARIOS

COLUMNS = "{:<43} {:<40} {:<35} {:>6}"


class Table:
    def __init__(self) -> None:
        self.lines = [COLUMNS.format("without", "this breaks", "in", "runs")]

    def __str__(self) -> str:
        return "\n".join(self.lines)

    def try_without(self, mutation: Mutation, most_runs: int, seed: int = 0) -> Failure | None:
        """The first failure without that part of the code, and a line for it."""
        product, runs = load([mutation.change]), 0
        for name in mutation.scenarios:
            failure = roll(product, SCENARIOS[name], most_runs, seed)
            runs += failure.runs if failure else most_runs
            if failure:
                self.lines.append(COLUMNS.format(mutation.name, failure.invariant, name, runs))
                return failure
        self.lines.append(COLUMNS.format(mutation.name, "NOTHING", ", ".join(mutation.scenarios), runs))
        return None
