"""Runs actors on the weak memory, one step at a time, in an order that a strategy decides.

An actor is one process: a plain function in a greenlet. Before each of its accesses that another actor
could notice, the strategy may let others go first, let a waiting store come out, or kill a mortal actor.
A fence is such an access only if stores wait for it; else nothing has changed since the turn before.

All that is left to chance or search is asked of the strategy as numbered decisions, and 0 always means
the dull one: the same actor goes on, the store comes out at once, the load sees the newest value. So a run
is replayed from the few decisions that were not dull.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple, Protocol

from greenlet import GreenletExit, getcurrent, greenlet

from tests.shm.explorer.memory_model import Broken, Memory, Thread

MOST_STEPS = 20_000


class Move(NamedTuple):
    what: Literal["go", "come out", "kill"]
    actor: "Actor"
    at: int = 0


class Strategy(Protocol):
    """Answers the decisions of one run."""

    def stays(self, machine: "Machine") -> bool:
        """A turn: does the actor that runs simply go on? (If not, `move` is asked.)"""

    def move(self, machine: "Machine", moves: list[Move]) -> int:
        """Which of these comes next? If the actor that runs can go on, that is the first, and those that
        let another one go on come last."""

    def choose(self, kind: Literal["load", "store"], options: int) -> int:
        """A load: which visible value, newest first? A store: 0 comes out at once, 1 waits."""


class Bell:
    """The socket that one process sleeps on; what was rung stays until it is drained, also over a death."""

    def __init__(self) -> None:
        self.rung = False
        self.sleeper: Actor | None = None


class Actor(Thread):
    """One process. `digest` stands for its whole local state: all that it has loaded since `mark`."""

    def __init__(self, name: str, role: str, run: Callable[[], None], main: greenlet) -> None:
        super().__init__(name)
        self.role = role
        self.alive = True
        self.digest = 0
        self.looks_only = False  # it reads lines that it has no lease of, and knows that they may change
        self.audiences: list[list[Thread]] = []
        self.greenlet = greenlet(run, main)


class Machine:
    """The actors, their memory, and whose turn it is. Outside of actors, accesses are plain set-up."""

    def __init__(self, strategy: Strategy, trace: list[str] | None = None) -> None:
        self.memory = Memory()
        self.strategy = strategy
        self.current: Actor | None = None
        self.actors: list[Actor] = []
        self.bells: list[Bell] = []
        self.killed: Callable[[Actor], None] = lambda actor: None
        self.mortal = ""  # role
        self.kills_left = 0
        self.steps = 0
        self.ready: list[Actor] = []
        self._paused: list[Actor] = []
        self._main = getcurrent()
        self.trace = trace
        if trace is not None:
            self.memory.say = self._say

    @property
    def running(self) -> Actor:
        assert self.current is not None
        return self.current

    # -- what actors and the simulated words call ------------------------------------------------------

    def load(self, at: int) -> int:
        actor, memory = self.current, self.memory
        if actor is None:
            return memory.newest[at]
        if memory.author[at] is not actor and at not in actor.waiting:
            self._turn()
        values = memory.visible(actor, at)
        stale = self.strategy.choose("load", len(values)) if len(values) > 1 else 0
        value = values[stale]
        memory.load(actor, at, value)
        actor.digest = hash((actor.digest, at, value))
        if self.trace is not None:
            self._say(actor, f"loads {memory.names[at]} = {value:#x}{' (stale)' if stale else ''}")
        return value

    def store(self, at: int, value: int) -> None:
        actor, memory = self.current, self.memory
        if actor is None:
            memory.newest[at] = value
            return
        self._turn()
        waits = at in actor.waiting or self.strategy.choose("store", 2)
        actor.digest = hash((actor.digest, at, value, "stored"))
        if self.trace is not None:
            self._say(actor, f"stores {memory.names[at]} = {value:#x}{' (waits)' if waits else ''}")
        memory.store(actor, at, value)
        if not waits:
            memory.come_out(actor, at)

    def fence(self) -> None:
        actor = self.current
        if actor is None:
            return
        if actor.waiting:
            self._turn()
        if self.trace is not None:
            self._say(actor, "F")
        self.memory.fence(actor)

    def write_data(self, at: int, value: int) -> None:
        actor = self.current
        if actor is None:
            self.memory.newest[at] = value
            return
        if self.trace is not None:
            self._say(actor, f"writes {self.memory.names[at]} = {value}")
        self.memory.write_data(actor, at, value)

    def read_data(self, at: int, expected: int | None = None) -> int:
        actor = self.current
        if actor is None:
            return self.memory.newest[at]
        if self.trace is not None:
            self._say(actor, f"reads {self.memory.names[at]}")
        if actor.looks_only:
            values = self.memory.visible(actor, at)
            value = values[self.strategy.choose("load", len(values)) if len(values) > 1 else 0]
            self.memory.load(actor, at, value)
        else:
            value = self.memory.read_data(actor, at, expected)
        actor.digest = hash((actor.digest, at, value))
        return value

    def work(self) -> None:
        """Time passes between two accesses."""
        if self.current is not None:
            self._turn()

    def toss(self) -> bool:
        """Something that may as well be otherwise."""
        return bool(self.strategy.choose("load", 2))

    def mark(self, *state: object) -> None:
        """From here on the actor's local state follows from `state` and what it loads next."""
        if self.current is not None:
            self.current.digest = hash(state)

    def ring(self, bell: Bell) -> None:
        """A byte into a socket. It orders nothing (more than the kernel's locks would)."""
        if self.current is not None:
            self._turn()
        self._note("rings")
        self.wake(bell)

    def wake(self, bell: Bell) -> None:
        bell.rung = True
        if bell.sleeper is not None:
            self.ready.append(bell.sleeper)
            bell.sleeper = None

    def sleep(self, bell: Bell) -> None:
        """Until it is rung; who calls this has seen that it was not rung before."""
        actor = self.running
        self._note("sleeps")
        bell.sleeper = actor
        self.ready.remove(actor)
        self._give_way()
        self._note("wakes")
        actor.digest = hash((actor.digest, "woken"))

    def pause(self, seconds: float) -> None:
        """Others go first. (In truth nothing stays stale for so long; here it may.)"""
        actor = self.running
        self._note("pauses")
        self.ready.remove(actor)
        self._paused.append(actor)
        self._give_way()

    # -- processes -------------------------------------------------------------------------------------

    def start(self, name: str, role: str, body: Callable[[], None]) -> Actor:
        """A new process, which sees all that its parent has done."""
        if self.current is not None:
            self.memory.fence(self.current)
        actor = Actor(name, role, lambda: self._live(actor, body), self._main)
        self.actors.append(actor)
        self.ready.append(actor)
        return actor

    def join(self, actor: Actor, audience: list[Thread]) -> None:
        """From now on the actor loads what this audience loads."""
        if actor not in audience:
            audience.append(actor)
            actor.audiences.append(audience)

    def reap(self, actor: Actor) -> None:
        """The parent's wait on a dead process: whatever that had stored is out now, and seen."""
        self.memory.fence(actor)
        self.memory.fence(self.running)
        self._note(f"reaps {actor.name}")

    def run(self) -> None:
        """Until nobody can go on and nothing waits to come out. Raises what an actor raises."""
        try:
            while (actor := self._next_actor()) is not None:
                self._switch(actor)
                self.current = None
        finally:
            self.current = None
            for actor in self.actors:
                actor.alive = False
                actor.greenlet.throw(GreenletExit)

    def _live(self, actor: Actor, body: Callable[[], None]) -> None:
        body()
        raise AssertionError(f"{actor.name} ran out of things to do; it should idle")

    def _kill(self, actor: Actor) -> None:
        self._say(actor, "† is killed")
        actor.alive = False
        self.kills_left -= 1
        actor.reading.clear()
        for audience in actor.audiences:
            audience.remove(actor)
        for group in (self.ready, self._paused):
            if actor in group:
                group.remove(actor)
        for bell in self.bells:
            if bell.sleeper is actor:
                bell.sleeper = None
        self.killed(actor)

    # -- turns -----------------------------------------------------------------------------------------

    def _turn(self) -> None:
        """Others may come before the next access of the actor that runs."""
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise Broken("comes to an end", f"{MOST_STEPS} steps and no end")
        if not self.strategy.stays(self):
            self._give_way()
        actor = self.running
        actor.digest = hash((actor.digest, "turn"))

    def _give_way(self) -> None:
        actor, chosen = self.current, self._next_actor()
        if chosen is not actor:
            self._switch(chosen)

    def _switch(self, actor: Actor | None) -> None:
        self.current = actor
        (actor.greenlet if actor is not None else self._main).switch()

    def _next_actor(self) -> Actor | None:
        """Let stores come out and kill, as the strategy likes, until it says who goes on."""
        while moves := self._moves():
            move = moves[self.strategy.move(self, moves)]
            if move.what == "go":
                return move.actor
            if move.what == "come out":
                self.memory.come_out(move.actor, move.at)
                for actor in self._paused:
                    self.ready.append(actor)
                self._paused.clear()
            else:
                self._kill(move.actor)
            if self.current in self.ready and self.strategy.stays(self):
                return self.current
        return None

    def _moves(self) -> list[Move]:
        if not self.ready and self._paused and not any(actor.waiting for actor in self.actors):
            self.ready.append(self._paused.pop(0))
        current, ready = self.current, self.ready
        others = [Move("go", actor) for actor in ready if actor is not current]
        rest = [Move("come out", actor, at) for actor in self.actors for at in actor.waiting]
        if self.kills_left and (ready or rest):
            rest += [
                Move("kill", actor) for actor in self.actors if actor.alive and actor.role == self.mortal
            ]
        if current is not None and current in ready:
            return [Move("go", current), *rest, *others]
        return others + rest

    def state(self, stale: bool = True) -> int:
        """Everything that decides how the run can go on, if loads may be `stale` and if they may not."""
        data = self.memory.data
        threads = tuple(
            (
                actor is self.current,
                actor.alive,
                actor in self.ready,
                actor in self._paused,
                actor.digest,
                tuple((at, *values) for at, values in sorted(actor.waiting.items())),
                tuple((at, *values) for at, values in sorted(actor.behind.items()) if stale or data[at]),
                tuple(actor.reading),
                tuple(actor.drifting),
            )
            for actor in self.actors
        )
        bells = tuple(bell.rung for bell in self.bells)
        return hash((self.memory.state(), threads, bells, self.kills_left))

    # -- trace -----------------------------------------------------------------------------------------

    def _note(self, what: str) -> None:
        if self.trace is not None and self.current is not None:
            self._say(self.current, what)

    def _say(self, actor: Thread, what: str) -> None:
        if self.trace is not None:
            self.trace.append(f"{actor.name:<10} {what}")
