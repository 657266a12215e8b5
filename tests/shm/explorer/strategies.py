"""Who decides a run: dice, a list of decisions, or a search through all of them."""

import random
from typing import Literal

from tests.shm.explorer.scheduler import Actor, Machine, Move

Decisions = dict[int, int]  # number of the decision → what was decided; 0, the dull one, is left out


class Replay:
    """Follows a list of decisions; where it says nothing, the dull one is taken."""

    def __init__(self, decisions: Decisions) -> None:
        self.decisions, self.asked = decisions, 0

    def stays(self, machine: Machine) -> bool:
        if self.asked + 1 in self.decisions:
            return False
        self.asked += 1
        return True

    def move(self, machine: Machine, moves: list[Move]) -> int:
        return self._next(len(moves))

    def choose(self, kind: Literal["load", "store"], options: int) -> int:
        return self._next(options)

    def _next(self, options: int) -> int:
        self.asked += 1
        decision = self.decisions.get(self.asked, 0)
        return decision if decision < options else 0


class Dice:
    """Random decisions. Each run has its own temper: how restless, who is frozen for how long, how late
    its stores, how stale its loads; bugs need very different ones. `kills`: the turns at which somebody
    dies."""

    def __init__(self, seed: int, kills: tuple[int, ...] = ()) -> None:
        self.rng = random.Random(seed)
        self.decisions: Decisions = {}
        self.asked = 0
        self._turns = 0
        self._kills = list(kills)
        self._random = self.rng.random
        self._restless = self.rng.choice((0.03, 0.1, 0.3, 0.5))
        self._freezing = self.rng.choice((0.0, 0.02, 0.06))
        self._late = self.rng.choice((0.0, 0.1, 0.4, 0.8))
        self._stale = self.rng.choice((0.0, 0.2, 0.5))
        self._frozen: dict[Actor, int] = {}  # until which turn

    def stays(self, machine: Machine) -> bool:
        self._turns += 1
        if self._kills and self._turns >= self._kills[0]:
            return False
        if self._freezing and self._random() < self._freezing:
            self._frozen[machine.running] = self._turns + self.rng.randint(1, 10) ** 2
            return False
        if self._random() < self._restless:
            return False
        self.asked += 1
        return True

    def move(self, machine: Machine, moves: list[Move]) -> int:
        if self._kills and self._turns >= self._kills[0]:
            kill = [i for i, move in enumerate(moves) if move.what == "kill"]
            if kill:
                self._kills.pop(0)
                return self._decide(kill[0])
        rest = [i for i, move in enumerate(moves) if move.what != "kill"]
        thawed = [i for i in rest if self._frozen.get(moves[i].actor, 0) <= self._turns]
        return self._decide(self.rng.choice(thawed or rest))

    def choose(self, kind: Literal["load", "store"], options: int) -> int:
        if self._random() >= (self._late if kind == "store" else self._stale):
            self.asked += 1
            return 0
        return self._decide(self.rng.randrange(1, options))

    def _decide(self, decision: int) -> int:
        self.asked += 1
        if decision:
            self.decisions[self.asked] = decision
        return decision


class Known(BaseException):
    """The run has come to a state from which everything was tried."""


UNLIMITED = -1


class Search:
    """All decisions, one run after the other, depth first, within bounds: how often an actor that could go
    on has to wait for another one, and how many stores may be late or loads stale. A state that was reached
    before, with as much left to spend, is not gone on from. `start` before each run, `advance` after it."""

    def __init__(self, preemptions: int, weak: int) -> None:
        self.preemptions, self.weak = preemptions, weak
        self.path: list[list[int]] = []  # [decision, options] from the start
        self.states: set[tuple[int, int, int]] = set()
        self.exhausted = False
        self.start()

    @property
    def decisions(self) -> Decisions:
        return {number: made for number, (made, _) in enumerate(self.path, start=1) if made}

    def start(self) -> None:
        self.asked = 0
        self._preemptions, self._weak = self.preemptions, self.weak

    def advance(self) -> None:
        """Let the next run differ in the last decision that has not had all its options."""
        del self.path[self.asked :]
        while self.path and self.path[-1][0] + 1 >= self.path[-1][1]:
            self.path.pop()
        if self.path:
            self.path[-1][0] += 1
        else:
            self.exhausted = True

    def stays(self, machine: Machine) -> bool:
        return False

    def move(self, machine: Machine, moves: list[Move]) -> int:
        if self.asked >= len(self.path):
            state = machine.state(stale=self._weak > 0), self._preemptions, self._weak
            if state in self.states:
                raise Known
            self.states.add(state)
        could_go_on = machine.current in machine.ready
        allowed = len(moves)
        if could_go_on and not self._preemptions:  # moves that let another one go on are the last
            allowed = 1 + sum(move.what != "go" for move in moves)
        decision = self._next(allowed)
        if self.preemptions != UNLIMITED:
            self._preemptions -= could_go_on and decision > 0 and moves[decision].what == "go"
        return decision

    def choose(self, kind: Literal["load", "store"], options: int) -> int:
        decision = self._next(options if self._weak else 1)
        self._weak -= decision > 0
        return decision

    def _next(self, options: int) -> int:
        self.asked += 1
        if self.asked > len(self.path):
            self.path.append([0, options])
        return self.path[self.asked - 1][0]
