"""One run's rings and processes.

Roles are processes: a role has the name of its rows in the rings that it reads. A successor of a killed
role opens its ends anew, as a worker that is started again does; the launcher here cleans up in between
with the launcher's own code (shm/ring.py).
"""

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple

from shm import layout
from shm.errors import SourceGone
from shm.frame import NO_SOURCE, Source
from shm.layout import RingSpec, RowSpec
from shm.lease import Lease, OpenSlot
from shm.wake import Wake
from tests.shm.explorer.invariants import Invariants
from tests.shm.explorer.product import Product
from tests.shm.explorer.scheduler import Actor, Bell, Machine, Strategy
from tests.shm.explorer.segment import SimSegment

SLOT_BYTES = 8


class Role(NamedTuple):
    """A process. `open` makes its ends, `run` gets them and never returns (it idles in the end)."""

    name: str
    open: Callable[[], tuple[Any, ...]]
    run: Callable[..., None]
    writes: tuple[str, ...]
    reads: tuple[str, ...]


class SimRing:
    """A ring as its launcher has it: shm.ring.Ring without a real segment."""

    def __init__(self, product: Product, segment: SimSegment, writer: str, wakes: Any) -> None:
        self.writer, self.segment = writer, segment
        self.launcher: Any = product.Ring.__new__(product.Ring)
        self.launcher.spec, self.launcher.attachment, self.launcher.wakes = segment.spec, segment, wakes
        self.launcher._fence = segment.machine.fence


class World:
    def __init__(self, product: Product, strategy: Strategy, trace: list[str] | None = None) -> None:
        self.product = product
        self.machine = Machine(strategy, trace)
        self.machine.killed = self._on_kill
        product.plug(self.machine.fence)
        self.rings: dict[str, SimRing] = {}
        self.left: list[SimRing] = []  # segments that a larger one has replaced
        self.roles: dict[str, Role] = {}
        self.errand: Callable[[], None] | None = None  # what the launcher does once, sooner or later
        self.invariants = Invariants(self)
        self._incarnations: Counter[str] = Counter()
        self._bells: dict[str, Bell] = {}
        self._asleep: dict[Actor, Sequence[Any]] = {}
        self._rung: set[Actor] = set()
        self._dead: list[Actor] = []

    # -- building --------------------------------------------------------------------------------------

    def ring(self, name: str, *rows: tuple[str, layout.Mode, int], writer: str) -> None:
        """A ring with, by rule, as many slots as its rows have leases, and two more."""
        specs = tuple(RowSpec(*row) for row in rows)
        self._add_ring(RingSpec(name, sum(row.pins for row in specs) + 2, SLOT_BYTES, specs), writer)

    def grow(self, name: str) -> SimSegment:
        """Ring.grown on simulated memory: a new segment, which nobody uses yet, becomes the ring."""
        machine, old = self.machine, self.rings[name]
        machine.work()
        spec = old.launcher.spec.successor(SLOT_BYTES, old.launcher.newest_seq())
        launcher, machine.current = machine.current, None
        self._add_ring(spec, old.writer)
        machine.current = launcher
        self.left.append(old)
        for actor in machine.actors:
            if actor.alive:
                self._admit(actor, self.roles[actor.role])
        return self.rings[name].segment

    def _add_ring(self, spec: RingSpec, writer: str) -> None:
        segment = SimSegment(self.machine, spec)
        wakes = tuple(Wake(self._ringer(writer), self._ringer(row.reader)) for row in spec.rows)
        self.rings[spec.name] = SimRing(self.product, segment, writer, wakes)

    def _ringer(self, role: str) -> Any:
        """In place of an end: what rings the bell of a role."""
        bell = self.bell(role)
        return SimpleNamespace(ring=lambda: self.machine.ring(bell))

    def bell(self, role: str) -> Bell:
        if role not in self._bells:
            self._bells[role] = Bell()
            self.machine.bells.append(self._bells[role])
        return self._bells[role]

    def warm(self, name: str, frames: int, unread: int = 0) -> None:
        """Let a predecessor fill the slots, and all readers be done with all but the last `unread` frames."""
        writer, segment = self.writer(name), self.rings[name].segment
        for number in range(frames):
            self.publish(writer, self.acquire(writer))
            if number < frames - unread:
                for at, row in zip(segment.spec.row_at, segment.spec.rows, strict=True):
                    segment.words[at + layout.CURSOR] = writer.seq
                    self.invariants.began[name, row.reader] = (writer.seq,)

    def role(
        self,
        name: str,
        run: Callable[..., None],
        open_ends: Callable[[], tuple[Any, ...]] = tuple,
        writes: tuple[str, ...] = (),
        ends: tuple[Any, ...] = (),
    ) -> None:
        """Add a process to a world whose rings are there. `ends`: those it has used already."""
        rings = self.rings.items()
        reads = [ring for ring, it in rings if any(row.reader == name for row in it.segment.spec.rows)]
        self.roles[name] = role = Role(name, open_ends, run, writes, tuple(reads))
        self.bell(name)
        ends = ends or open_ends()
        self._start(role, lambda: run(*ends))

    def launcher(self, mortal: str = "", kills: int = 0) -> None:
        """Let `mortal` be killed at any step, and add the process that sees to the rest."""
        self.machine.mortal, self.machine.kills_left = mortal, kills
        self.role("launcher", self._launch)

    def _start(self, role: Role, body: Callable[[], None]) -> None:
        self._incarnations[role.name] += 1
        name = role.name + "′" * (self._incarnations[role.name] - 1)
        self._admit(self.machine.start(name, role.name, body), role)

    def _admit(self, actor: Actor, role: Role) -> None:
        """Tell the memory who loads which words. Loads of one's own words are no turns."""
        author = self.machine.memory.author
        for name in role.writes:
            segment = self.rings[name].segment
            self.machine.join(actor, segment.writers)
            for at in segment.writer_words.values():
                author[at] = actor
        for name in role.reads:
            segment = self.rings[name].segment
            self.machine.join(actor, segment.readers)
            for at in segment.words_of(role.name):
                author[at] = actor

    def first(self, role: str) -> Actor:
        """The first incarnation of a role; what was done before the run is its doing."""
        return next(actor for actor in self.machine.actors if actor.role == role)

    def maker(self, ring: str, seq: int) -> Actor | None:
        """Who published a frame; None while the run has not begun."""
        by = self.invariants.made[ring, seq].by
        return self.first(self.rings[ring].writer) if by is None and self.machine.actors else by

    # -- what roles do ---------------------------------------------------------------------------------

    def writer(self, name: str) -> Any:
        ring = self.rings[name]
        return self.product.RingWriter(ring.segment, [wake.writer_end for wake in ring.launcher.wakes])

    def reader(self, name: str, role: str) -> Any:
        ring = self.rings[name]
        row = ring.segment.spec.row(role)
        reader = self.product.RingReader(ring.segment, row, ring.launcher.wakes[row].reader_end)
        reader.pause = self.machine.pause
        pin = reader._pin

        def watched_pin(slot: int, seq: int, **looks: int) -> Lease | None:
            lease: Lease | None = pin(slot, seq, **looks)
            if lease is None:
                self.invariants.missed(reader, seq)
            return lease

        reader._pin = watched_pin
        return reader

    def acquire(self, writer: Any) -> Any:
        slot: OpenSlot | None = writer.acquire()
        self.invariants.acquired(writer, slot)
        return slot

    def publish(self, writer: Any, slot: OpenSlot, source: Source = NO_SOURCE, keep: Any = ()) -> Source:
        """Fill the slot and publish it; returns it as the source of what is made from it."""
        seq, segment = writer.seq + 1, writer._memory
        self.invariants.publishing(writer, source)
        self.machine.write_data(segment.pixels[slot.slot], seq)
        slot.view(*look_of(seq))
        writer.publish(slot, t_capture=seq, source=source, pts=seq, keep=keep)
        self.invariants.published(writer, seq)
        return Source(segment.spec.generation, seq, slot.slot)

    def lease(self, reader: Any) -> Lease | None:
        """The next lease, its frame looked at."""
        lease: Lease | None = reader.lease()
        if lease is not None:
            self.invariants.leased_next(reader, lease.info.seq)
            self._look(lease)
        return lease

    def lease_source(self, reader: Any, source: Source, kept_by: Actor | None = None) -> Lease | None:
        """The very slot; None if it is gone and may be: who kept it is dead."""
        try:
            lease: Lease = reader.lease_source(source)
        except SourceGone as gone:
            self.invariants.source_gone(kept_by, gone)
            return None
        self._look(lease)
        return lease

    def _look(self, lease: Lease) -> None:
        self.invariants.leased(lease)
        segment: Any = lease.memory
        self.machine.read_data(segment.pixels[lease.info.slot], lease.info.seq)
        self.machine.work()

    def release(self, reader: Any, lease: Lease) -> None:
        lease.release()
        self.invariants.released(reader, lease)

    def wait(self, *sleepers: Any, also: Callable[[], bool] = lambda: False) -> None:
        """shm.wake.wait, on simulated sockets. `also`: another one is readable, of which it is said by the
        same bell."""
        machine, actor = self.machine, self.machine.running
        bell = self.bell(actor.role)
        if actor in self._rung:
            self._rung.remove(actor)
            bell.rung = False
        if all([sleeper.arm() for sleeper in sleepers]) and not bell.rung and not also():
            self._asleep[actor] = sleepers
            machine.sleep(bell)
            del self._asleep[actor]
        if bell.rung:
            self._rung.add(actor)
            return
        for sleeper in sleepers:
            sleeper.disarm()

    def sound_sleepers(self, memory: Any = None) -> Iterator[Any]:
        """The ends (of one segment) that actors sleep on whom nobody has rung."""
        for actor, sleepers in self._asleep.items():
            if self.bell(actor.role).sleeper is actor:
                yield from (end for end in sleepers if memory is None or end._memory is memory)

    def sleep_until(self, condition: Callable[[], bool]) -> None:
        """For what is not said through a ring, such as a control message: rung, and seen at once."""
        bell = self.bell(self.machine.running.role)
        while not condition():
            if not bell.rung:
                self.machine.sleep(bell)
            bell.rung = False

    def idle(self) -> None:
        """Stay alive and do nothing more."""
        self.machine.sleep(Bell())

    def mark(self, end: Any) -> None:
        """The actor's local state is all in this end of the ring."""
        self.machine.mark(*(private(name, value) for name, value in vars(end).items() if name not in SHARED))

    # -- the launcher ----------------------------------------------------------------------------------

    def _on_kill(self, actor: Actor) -> None:
        self._asleep.pop(actor, None)
        self.invariants.killed(actor)
        self._dead.append(actor)
        self.machine.wake(self.bell("launcher"))

    def _launch(self) -> None:
        bell = self.bell("launcher")
        errands = [self.errand] if self.errand is not None else []
        while True:
            if errands and self.machine.toss():
                errands.pop()()
            while self._dead:
                self._replace(self._dead.pop(0))
            if errands:
                errands.pop()()
            if not bell.rung and not self._dead:
                self.machine.sleep(bell)
            bell.rung = False

    def _replace(self, dead: Actor) -> None:
        """As supervisor.py does: clean up what is the launcher's now, tell the readers, start a successor."""
        self.machine.reap(dead)
        role = self.roles[dead.role]
        for name in role.writes:
            ring = self.rings[name].launcher
            ring.forget_writer()
            for old in self._left(name):
                if not ring.words[layout.HEAD_AT]:  # nothing says yet how far the one before got
                    old.forget_writer()
                    ring.continue_after(old.newest_seq())
            ring.set_state(layout.AWAY)
        for name in role.reads:
            for ring in (self.rings[name].launcher, *self._left(name)):
                ring.forget_reader(role.name)
        self._start(role, lambda: role.run(*role.open()))
        for name in role.writes:
            self.rings[name].launcher.set_state(layout.LIVE)

    def _left(self, name: str) -> list[Any]:
        return [ring.launcher for ring in self.left if ring.segment.spec.name == name]


def look_of(seq: int) -> tuple[tuple[int, ...], str]:
    """Shape and dtype of a frame; those of one with those of the next do not fit into a slot."""
    return ((1,), "float64") if seq % 2 else ((SLOT_BYTES,), "uint8")


LINKS = {"spec", "_memory", "_words", "_fence", "_bells", "_ring_writer", "ends", "pause", "_pin"}
SHARED = LINKS | {"_slots", "_slot_at", "_kept", "_blank"}


def private(name: str, value: Any) -> object:
    """An attribute of an end of a ring, as something that two runs can be compared by."""
    if isinstance(value, OpenSlot):
        return value.slot
    if isinstance(value, Lease):
        return value.pin, value.info.seq, value._held
    if isinstance(value, dict):
        return tuple((private(name, key), private(name, item)) for key, item in sorted(value.items()))
    if isinstance(value, set):
        return tuple(sorted(value))
    if isinstance(value, list | tuple):
        return tuple(private(name, item) for item in value)
    if value is None or isinstance(value, int | str | itertools.count):
        return repr(value)
    raise TypeError(f"{name} = {value}: is that private, and how are two of them compared?")
