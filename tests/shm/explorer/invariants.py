"""What every run is held to: a ledger of what truly happened, and the ring's words against it."""

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from shm import layout
from shm.frame import Source
from shm.lease import Lease, OpenSlot
from tests.shm.explorer.memory_model import Broken
from tests.shm.explorer.scheduler import Actor
from tests.shm.explorer.segment import SimSegment

if TYPE_CHECKING:
    from tests.shm.explorer.world import World

Row = tuple[str, str]  # ring, reader


class Made(NamedTuple):
    """Who published a frame (None: it was there before the run), and from what."""

    by: Actor | None
    source: Source


class Invariants:
    """Told of each event; raises Broken. Where an end of a ring is meant, it is the real object."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.made: dict[tuple[str, int], Made] = {}
        self.began: dict[Row, tuple[int, ...]] = {}  # the seq after which a reader counts
        self._due: dict[Row, tuple[int, int]] = {}  # lowest and highest seq that may come next
        self._leases: dict[Lease, Actor | None] = {}
        self._published: set[tuple[str, int]] = set()
        self._looked: Counter[Row] = Counter()
        self._open: dict[Any, tuple[int, Actor | None]] = {}  # writer: the slot that it fills, and who it is
        self._kills = 0

    # -- writing ---------------------------------------------------------------------------------------

    def acquired(self, writer: Any, slot: OpenSlot | None) -> None:
        segment, ring = writer._memory, writer.spec.name
        if segment.plain(layout.NO_SLOT_AT):
            raise Broken(
                "a slot for the writer", f"ring {ring} has as many slots as the rule says; none is free"
            )
        if slot is None:
            return
        head = segment.newest(layout.HEAD_AT)
        if head and slot.slot == head & 0xFF:
            raise Broken("the newest frame stays", f"frame {head >> 8} of {ring} is given up")
        self._open[writer] = slot.slot, self._world.machine.current

    def publishing(self, writer: Any, source: Source) -> None:
        frame = writer.spec.name, writer.seq + 1
        if frame in self._published:
            raise Broken("a seq is used once", f"{frame} is published again")
        self.made[frame] = Made(self._world.machine.current, source)
        del self._open[writer]

    def published(self, writer: Any, seq: int) -> None:
        self._published.add((writer.spec.name, seq))
        for reader in self._world.sound_sleepers(writer._memory):
            if reader is not writer and reader.seq < seq:
                asleep = f"{reader.name} sleeps after frame {reader.seq}"
                raise Broken("no lost wake-up", f"{asleep}, and publish({seq}) has returned")

    # -- reading ---------------------------------------------------------------------------------------

    def missed(self, reader: Any, seq: int) -> None:
        """A lease may fail only because the writer went on: a newer head, or (`every`) never."""
        if reader.mode == "latest" and reader._memory.newest(layout.HEAD_AT) >> 8 == seq:
            raise Broken("head can be leased", f"{reader.name} cannot lease {seq}, which is head")
        if reader.mode == "every":
            raise Broken("unread frames are left alone", f"{reader.name} cannot lease {seq}")

    def leased_next(self, reader: Any, seq: int) -> None:
        """In the order of its mode."""
        row = reader.spec.name, reader.name
        if row not in self.began:  # in a fresh ring it may count from the start or from its first frame on
            self.began[row] = (reader.spec.base, seq - 1)
        lowest, highest = self._due.get(row, (self.began[row][0] + 1,) * 2)
        if seq < lowest:
            raise Broken("in order", f"{reader.name}: frame {seq}, {lowest} is due")
        if seq > highest and reader.mode == "every":
            raise Broken("every frame", f"{reader.name}: frame {seq}, {highest} is due")
        if reader.mode == "every-or-count" and len(reader.spec.rows) == 1 and not self._kills:
            self._check_skipped(reader, range(highest, seq))
        self._due[row] = seq + 1, seq + 1
        self._looked[row] += 1

    def _check_skipped(self, reader: Any, skipped: range) -> None:
        """If nobody else pins and nobody has died, a claim is put back only for the reader itself."""
        words = [reader._memory.newest(at) for at in reader.spec.slot_at]
        for seq in skipped:
            if seq << 1 in words:
                raise Broken("only what is re-used is skipped", f"{reader.name}: frame {seq} is still there")

    def leased(self, lease: Lease) -> None:
        """The line has to be that of the frame. (The pixels are checked where they are read.)"""
        info = lease.info
        self._leases[lease] = self._world.machine.current
        source = self.made[lease.memory.spec.name, info.seq].source
        if (info.pts, info.source.seq, info.source.slot) != (info.seq, source.seq, source.slot):
            raise Broken("torn", f"the line of frame {info.seq} has pts {info.pts}, source {info.source}")

    def source_gone(self, kept_by: Actor | None, gone: Exception) -> None:
        if kept_by is None or kept_by.alive:
            raise Broken("no source gone while its keeper lives", str(gone)) from gone

    def released(self, reader: Any, lease: Lease) -> None:
        del self._leases[lease]
        if reader.mode != "every" or len(reader.spec.rows) > 1:
            return  # somebody else may have made the room, and be about to ring
        for writer in self._world.sound_sleepers(lease.memory):
            if self._room(writer):
                raise Broken("no lost wake-up", f"the writer sleeps, and {reader.name} has made room")

    def _room(self, writer: Any) -> bool:
        """Is there a slot to fill, once all that the actor that runs has stored is out?"""
        segment, waiting = writer._memory, self._world.machine.running.waiting

        def word(at: int) -> int:
            place: int = segment.row_words[at]
            return waiting[place][-1] if place in waiting else self._world.machine.memory.newest[place]

        rows = zip(segment.spec.row_at, segment.spec.rows, strict=True)
        read = min(word(at + layout.CURSOR) for at, row in rows if row.mode == "every")
        pinned = {word(at) - 1 for at in segment.spec.pin_at} | {segment.newest(layout.HEAD_AT) & 0xFF}
        slots = enumerate(segment.spec.slot_at)
        return any(slot not in pinned and segment.newest(at) >> 1 <= read for slot, at in slots)

    # -- a death ---------------------------------------------------------------------------------------

    def killed(self, dead: Actor) -> None:
        self._kills += 1
        slots = self._open.items()
        self._open = {writer: (slot, holder) for writer, (slot, holder) in slots if holder is not dead}
        leases = self._leases.items()
        for lease in [
            lease for lease, holder in leases if (holder or self._world.first(lease._reader)) is dead
        ]:
            self._expect_again(lease.memory, dead.role, lease.info.seq, must=lease._held)
            del self._leases[lease]
        for ring in self._world.roles[dead.role].reads:  # a frame that it had skipped may be there again
            segment = self._world.rings[ring].segment
            row = segment.spec.row(dead.role)
            after = segment.newest(segment.spec.row_at[row] + layout.CURSOR)
            after += segment.spec.rows[row].mode != "latest"  # whose successor sees its last frame again
            self._expect_again(segment, dead.role, after, must=False)

    def _expect_again(self, segment: Any, reader: str, seq: int, *, must: bool) -> None:
        """What a dead reader still held has to come again; what it was letting go of may."""
        row = segment.spec.name, reader
        if row in self.began:
            lowest, highest = self._due.get(row, (self.began[row][0] + 1,) * 2)
            self._due[row] = min(lowest, seq), min(highest, seq) if must else highest

    # -- nobody can go on ------------------------------------------------------------------------------

    def at_the_end(self) -> None:
        """Everything has been seen, let go of and counted."""
        world = self._world
        for ring in world.rings.values():
            for sleeper in world.sound_sleepers():
                if sleeper.spec.name == ring.segment.spec.name:
                    self._check_sleeper(sleeper, ring.segment)
            self._check_slots(ring.segment)
        for ring in [*world.rings.values(), *world.left]:
            self._check_pins(ring.segment)
        if not world.left:
            for ring in world.rings.values():
                self._check_counts(ring.segment)

    def _check_sleeper(self, sleeper: Any, segment: SimSegment) -> None:
        if not hasattr(sleeper, "mode"):
            raise Broken("no dead-lock", f"the writer of {sleeper.spec.name} waits for room for ever")
        newest = segment.newest_frame()
        if newest > sleeper.seq:
            raise Broken("no lost wake-up", f"{sleeper.name} sleeps after {sleeper.seq}, {newest} is there")

    def _check_slots(self, segment: SimSegment) -> None:
        filled = {slot for writer, (slot, _) in self._open.items() if writer._memory is segment}
        for slot, at in enumerate(segment.spec.slot_at):
            word = segment.newest(at)
            if word & 1 and not (word == 1 and slot in filled):
                raise Broken("a claim ends", f"{segment.spec.name}: slot {slot} stays claimed")

    def _check_pins(self, segment: SimSegment) -> None:
        held = {lease.pin for lease in self._leases if lease.memory is segment and lease._held}
        for at in segment.spec.pin_at:
            if bool(segment.newest(at)) != (at in held):
                what = "is left over" if segment.newest(at) else "is lost"
                raise Broken("a pin for each lease", f"{segment.spec.name}: pin word {at} {what}")

    def _check_counts(self, segment: SimSegment) -> None:
        spec, name = segment.spec, segment.spec.name
        published, newest = segment.plain(layout.PUBLISHED_AT), segment.newest_frame()
        if not newest - self._kills <= published <= newest:
            raise Broken("counts", f"{name}: {published} published, in truth {newest}")
        for row, at in zip(spec.rows, spec.row_at, strict=True):
            key = name, row.reader
            if self._kills or row.mode == "by-source" or key not in self._due:
                continue
            received, skipped = segment.plain(at + layout.RECEIVED), segment.plain(at + layout.SKIPPED)
            spans = {self._due[key][0] - 1 - start for start in self.began[key]}
            if received != self._looked[key] or received + skipped not in spans:
                raise Broken("counts", f"{row.reader}: {received} + {skipped} of {spans} frames")
