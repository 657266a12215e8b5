"""One run's rings and processes, and the invariants that every run is held to.

Roles are processes: a role has the name of its rows in the rings that it reads. A successor of a killed
role opens its ends anew, as a worker that is started again does; the launcher here cleans up in between
with the launcher's own code (shm/ring.py).
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from shm import layout
from shm.errors import RingError, SourceGone
from shm.frame import NO_SOURCE, Source
from shm.layout import RingSpec, RowSpec
from shm.lease import Lease, OpenSlot
from shm.wake import Wake
from tests.shm.explorer.memory_model import Broken
from tests.shm.explorer.product import Product
from tests.shm.explorer.scheduler import Actor, Bell, Machine, Strategy
from tests.shm.explorer.segment import SimSegment


class Role(NamedTuple):
    """A process. `open` makes its ends, `run` gets them and never returns (it idles in the end)."""

    name: str
    open: Callable[[], tuple[Any, ...]]
    run: Callable[..., None]
    writes: tuple[str, ...]
    reads: tuple[str, ...]


class Made(NamedTuple):
    """Who published a frame, and from what."""

    by: Actor | None
    source: Source


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
        self.roles: dict[str, Role] = {}
        self.incarnations: Counter[str] = Counter()
        self.leases: dict[Lease, Actor | None] = {}
        self.made: dict[tuple[str, int], Made] = {}
        self.published: Counter[str] = Counter()
        self.looked: Counter[tuple[str, str]] = Counter()
        self.last: dict[tuple[str, str], int] = {}
        self.first: dict[tuple[str, str], int] = {}
        self.asleep: dict[Actor | None, Sequence[Any]] = {}
        self.kills = 0
        self._bells: dict[str, Bell] = {}
        self._open_slots: dict[Any, OpenSlot | None] = {}
        self._dead: list[Actor] = []

    # -- building --------------------------------------------------------------------------------------

    def bell(self, role: str) -> Bell:
        if role not in self._bells:
            self._bells[role] = Bell()
            self.machine.bells.append(self._bells[role])
        return self._bells[role]

    def ring(self, name: str, *rows: tuple[str, layout.Mode, int], writer: str, slots: int = 0) -> SimRing:
        """A ring, by rule with as many slots as its rows have leases, and two more."""
        specs = tuple(RowSpec(*row) for row in rows)
        spec = RingSpec(name, slots or sum(row.pins for row in specs) + 2, 8, specs)
        return self._add_ring(spec, writer)

    def grown(self, name: str) -> SimRing:
        """What Ring.grown does, on simulated memory. The new segment is nobody's business yet."""
        ring = self.rings[name]
        launcher = ring.launcher
        spec = launcher.spec.successor(launcher.spec.slot_bytes, launcher.newest_seq())
        current, self.machine.current = self.machine.current, None
        new = self._add_ring(spec, ring.writer)
        self.machine.current = current
        for segment_list, old_list in (
            (new.segment.writers, ring.segment.writers),
            (new.segment.readers, ring.segment.readers),
        ):
            for thread in old_list:
                self._join(thread, segment_list)  # type: ignore[arg-type]
        self._own(new)
        return new

    def _add_ring(self, spec: RingSpec, writer: str) -> SimRing:
        segment = SimSegment(self.machine, spec)
        wakes = tuple(
            Wake(self._ringer(writer), self._ringer(row.reader))  # type: ignore[arg-type]
            for row in spec.rows
        )
        self.rings[spec.name] = ring = SimRing(self.product, segment, writer, wakes)
        return ring

    def _ringer(self, role: str) -> Callable[[], None]:
        bell = self.bell(role)
        return lambda: self.machine.ring(bell)

    def warm(self, ring: str, frames: int) -> None:
        """Let a predecessor fill the slots, and all readers be done with what it wrote."""
        writer = self.writer(ring)
        segment = self.rings[ring].segment
        for _ in range(frames):
            slot = writer.acquire()
            self.publish(writer, slot)
            for at in segment.spec.row_at:
                segment.words[at + layout.CURSOR] = writer.seq

    def role(
        self,
        name: str,
        open_ends: Callable[[], tuple[Any, ...]],
        run: Callable[..., None],
        writes: tuple[str, ...] = (),
    ) -> None:
        reads = tuple(
            ring for ring, it in self.rings.items() if any(row.reader == name for row in it.segment.spec.rows)
        )
        self.roles[name] = role = Role(name, open_ends, run, writes, reads)
        self.bell(name)
        ends = open_ends()
        self._start(role, lambda: run(*ends))

    def launcher(self) -> None:
        """Add the process that reaps the dead, cleans up and starts successors."""
        self.role("launcher", tuple, self._launch)

    def _start(self, role: Role, body: Callable[[], None]) -> None:
        self.incarnations[role.name] += 1
        actor = self.machine.start(role.name + "′" * (self.incarnations[role.name] - 1), role.name, body)
        for ring in role.writes:
            self._join(actor, self.rings[ring].segment.writers)
        for ring in role.reads:
            self._join(actor, self.rings[ring].segment.readers)
        for ring in self.rings.values():
            self._own(ring)

    def _join(self, actor: Actor, audience: list[Any]) -> None:
        if actor.alive and actor not in audience:
            audience.append(actor)
            actor.audiences.append(audience)

    def _own(self, ring: SimRing) -> None:
        """Loads of one's own words are no turns for the scheduler."""
        author, segment = self.machine.memory.author, ring.segment
        for actor in self.machine.actors:
            if actor.alive and actor.role == ring.writer:
                for at in segment.writer_words.values():
                    author[at] = actor
            for row_at, row in zip(segment.spec.row_at, segment.spec.rows, strict=True):
                if actor.alive and actor.role == row.reader:
                    for at in range(row_at, row_at + segment.spec.row_words):
                        if at in segment.row_words:
                            author[segment.row_words[at]] = actor

    # -- what roles do ---------------------------------------------------------------------------------

    def writer(self, ring: str) -> Any:
        it = self.rings[ring]
        return self.product.RingWriter(it.segment, [wake.writer_end for wake in it.launcher.wakes])

    def reader(self, ring: str, role: str) -> Any:
        it = self.rings[ring]
        row = it.segment.spec.row(role)
        reader = self.product.RingReader(it.segment, row, it.launcher.wakes[row].reader_end)
        reader.pause = self.machine.pause
        self._check_misses(reader)
        return reader

    def acquire(self, writer: Any) -> OpenSlot | None:
        slot = writer.acquire()
        if slot is None and not any(row.mode == "every" for row in writer.spec.rows):
            raise Broken("a slot for the writer", f"ring {writer.spec.name}: acquire gives None")
        self._open_slots[writer] = slot
        return slot

    def publish(self, writer: Any, slot: OpenSlot, source: Source = NO_SOURCE, keep: Any = ()) -> int:
        seq, segment = writer.seq + 1, writer._memory
        self.machine.write_data(segment.pixels[slot.slot], seq)
        slot.view((1,))
        self.made[segment.spec.name, seq] = Made(self.machine.current, source)
        self._open_slots[writer] = None
        published = writer.publish(slot, t_capture=seq, source=source, pts=seq, keep=keep)
        assert published == seq
        self.published[segment.spec.name] += 1
        for sleepers in self.asleep.values():
            for reader in sleepers:
                if reader.spec is segment.spec and hasattr(reader, "mode") and reader.seq < seq:
                    raise Broken(
                        "no lost wake-up",
                        f"{reader.name} sleeps after frame {reader.seq}; publish({seq}) has returned",
                    )
        return published

    def wait(self, *sleepers: Any) -> None:
        """shm.wake.wait, on simulated sockets."""
        machine, actor = self.machine, self.machine.current
        assert actor is not None
        bell = self.bell(actor.role)
        if all([sleeper.arm() for sleeper in sleepers]):
            self.asleep[actor] = sleepers if not bell.rung else ()
            machine.sleep(bell)
        rung = bell.rung
        for sleeper in sleepers:
            sleeper.disarm()
        if rung:
            bell.rung = 0

    def idle(self) -> None:
        """Stay alive and do nothing more."""
        self.machine.sleep(Bell())

    def lease(self, reader: Any) -> Lease | None:
        """The next lease, its frame looked at."""
        lease = reader.lease()
        if lease is not None:
            self._check_order(reader, lease.info.seq)
            self.look(lease)
        return lease

    def lease_source(self, reader: Any, ring: str, seq: int, source: Source) -> Lease | None:
        """The source of frame `seq` of `ring`; None if it is gone and may be: who kept it is dead."""
        try:
            lease = reader.lease_source(source)
        except SourceGone as gone:
            keeper = self.made[ring, seq].by
            if keeper is not None and keeper.alive and source.generation == reader.spec.generation:
                raise Broken("no source gone while its keeper lives", str(gone)) from gone
            return None
        if lease.info.seq != source.seq:
            raise Broken("the very source", f"{lease.info.seq} instead of {source.seq}")
        self.look(lease)
        return lease

    def look(self, lease: Lease) -> None:
        """See the pixels; they, and the line, have to be those of the frame that was leased."""
        self.leases[lease] = self.machine.current
        info = lease.info
        if info.pts != info.seq:
            raise Broken("torn", f"the line of frame {info.seq} has pts {info.pts}")
        segment: Any = lease.memory
        made = self.made[segment.spec.name, info.seq]
        if (info.source.seq, info.source.slot) != (made.source.seq, made.source.slot):
            raise Broken("torn", f"the line of frame {info.seq} has source {info.source}")
        self.machine.read_data(segment.pixels[info.slot], info.seq)
        self.machine.work()

    # -- the launcher ----------------------------------------------------------------------------------

    def _on_kill(self, actor: Actor) -> None:
        self.kills += 1
        self.asleep.pop(actor, None)
        for lease in [lease for lease, holder in self.leases.items() if holder is actor]:
            del self.leases[lease]
        self._dead.append(actor)
        self.machine.ring_from_kernel(self.bell("launcher"))

    def _launch(self) -> None:
        bell = self.bell("launcher")
        while True:
            while self._dead:
                self._replace(self._dead.pop(0))
            if not bell.rung:
                self.machine.sleep(bell)
            bell.rung = 0

    def _replace(self, dead: Actor) -> None:
        """As supervisor.py does: clean up what is the launcher's now, tell the readers, start a successor."""
        self.machine.reap(dead)
        role = self.roles[dead.role]
        for ring in role.writes:
            self.rings[ring].launcher.forget_writer()
            self.rings[ring].launcher.set_state(layout.AWAY)
        for ring in role.reads:
            self.rings[ring].launcher.forget_reader(role.name)
        self._start(role, lambda: role.run(*role.open()))
        for ring in role.writes:
            self.rings[ring].launcher.set_state(layout.LIVE)

    # -- invariants ------------------------------------------------------------------------------------

    def _check_misses(self, reader: Any) -> None:
        """A lease may fail only because the writer went on: a newer head, or (`every`) never."""
        pin = reader._pin

        def checked(slot: int, seq: int, **looks: int) -> Lease | None:
            lease: Lease | None = pin(slot, seq, **looks)
            segment = reader._memory
            if lease is None and reader.mode == "latest" and segment.newest(layout.HEAD_AT) >> 8 == seq:
                raise Broken("a head that can be leased", f"{reader.name} cannot lease {seq}, which is head")
            if lease is None and reader.mode == "every":
                raise Broken("unread frames are left alone", f"{reader.name} cannot lease {seq}")
            return lease

        reader._pin = checked

    def _check_order(self, reader: Any, seq: int) -> None:
        key = reader.spec.name, reader.name
        last = self.last.get(key)
        self.looked[key] += 1
        self.first.setdefault(key, seq)
        if last is not None and self.incarnations[reader.name] == 1:
            if seq <= last:
                raise Broken("in order", f"{reader.name}: frame {seq} after {last}")
            if reader.mode == "every" and seq != last + 1:
                raise Broken("every frame", f"{reader.name}: frame {seq} after {last}")
        elif last is not None and reader.mode == "every" and seq > last + 1:
            raise Broken("every frame", f"{reader.name}: frame {seq} after {last}")
        self.last[key] = max(seq, last or 0)

    def check_quiet(self) -> None:
        """Nobody can go on: everything has to be seen, let go of and counted."""
        for actor, sleepers in self.asleep.items():
            for sleeper in sleepers:
                self._check_sleeper(actor, sleeper)
        for ring in self.rings.values():
            self._check_slots(ring)
            self._check_pins(ring.segment)
            self._check_counts(ring.segment)

    def _check_sleeper(self, actor: Actor | None, sleeper: Any) -> None:
        newest = sleeper._memory.newest_frame()
        if not hasattr(sleeper, "mode"):
            raise Broken("no dead-lock", f"{actor and actor.name} waits for room for ever")
        if newest > sleeper.seq:
            raise Broken("no lost wake-up", f"{sleeper.name} sleeps after {sleeper.seq}, {newest} is there")

    def _check_slots(self, ring: SimRing) -> None:
        segment = ring.segment
        being_filled = {slot.slot for slot in self._open_slots.values() if slot is not None}
        for slot, at in enumerate(segment.spec.slot_at):
            if segment.newest(at) & 1 and not (slot in being_filled and segment.newest(at) == 1):
                raise Broken("a claim ends", f"{segment.spec.name}: slot {slot} stays claimed")

    def _check_pins(self, segment: SimSegment) -> None:
        held = {lease.pin for lease in self.leases if lease.memory is segment and lease._held}
        for at in segment.spec.pin_at:
            if bool(segment.newest(at)) != (at in held):
                what = "is left" if segment.newest(at) else "is lost"
                raise Broken("a pin for each lease", f"{segment.spec.name}: pin word {at} {what}")

    def _check_counts(self, segment: SimSegment) -> None:
        name = segment.spec.name
        published = segment.plain(layout.PUBLISHED_AT)
        if not 0 <= self.published[name] - published + self.kills <= 2 * self.kills:
            raise Broken("counts", f"{name}: {published} published, in truth {self.published[name]}")
        if self.kills or segment.spec.generation > 1:
            return
        for row, at in zip(segment.spec.rows, segment.spec.row_at, strict=True):
            key = name, row.reader
            received, skipped = segment.plain(at + layout.RECEIVED), segment.plain(at + layout.SKIPPED)
            if row.mode == "by-source" or key not in self.looked:
                continue
            span = self.last[key] - self.start_of(key)
            if received != self.looked[key] or received + skipped != span:
                raise Broken("counts", f"{row.reader}: {received} + {skipped} of {span} frames")

    def start_of(self, key: tuple[str, str]) -> int:
        """The seq after which a reader counts: where it began, or its first frame in a fresh ring."""
        return self._began.get(key) or self.first[key] - 1

    @property
    def _began(self) -> dict[tuple[str, str], int]:
        return self.__dict__.setdefault("began", {})


def alive_roles(world: World) -> set[str]:
    return {actor.role for actor in world.machine.actors if actor.alive}


__all__ = ["Broken", "Made", "RingError", "Role", "SimRing", "World"]
