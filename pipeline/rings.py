"""The launcher's rings: makes them, hands out their ends, cleans up after the dead, replaces segments."""

import logging
import time
from collections.abc import Sequence
from dataclasses import replace

import psutil

from pipeline.graph import GraphError, Plan
from shm import layout
from shm.errors import NoMemory, RingCorrupt
from shm.fence import make_fence
from shm.layout import RingSpec
from shm.ring import Ring
from shm.stats import RingStats, dump_header

RESIZE_QUIET = 0.25  # seconds without a larger wish before a larger segment is made
RETRY = 5.0  # seconds until the next try, when there was no memory
UNSEEN = 1000  # more frames than anybody publishes between two checks of a ring
KEEP_FREE = 0.1  # of the machine's memory

log = logging.getLogger("stereoring.rings")


class Rings:
    """All rings by name, and segments that are on their way out."""

    def __init__(self, plan: Plan) -> None:
        """Makes all segments. Raises GraphError or NoMemory before anything starts."""
        self.by_name: dict[str, Ring] = {}
        self.planned: dict[str, RingSpec] = {}
        self._leaving: list[tuple[str, Ring]] = []
        self._wishes: dict[str, tuple[int, float]] = {}
        self._told: dict[str, int] = {}  # of the wishes that could not be granted, those that were said
        self._last_seq: dict[str, int] = {}
        self._fence = make_fence()
        self.put_in_use(plan.rings, self.make(plan.rings))

    def __getitem__(self, name: str) -> Ring:
        return self.by_name[name]

    def make(self, specs: Sequence[RingSpec]) -> list[Ring]:
        """Rings that are not in use yet. One that will replace another goes on with its numbers, so that no
        frame of the old one is taken for one of the new. Raises GraphError or NoMemory, with nothing made."""
        check_memory(sum(spec.nbytes for spec in specs))
        made: list[Ring] = []
        try:
            for spec in specs:
                made.append(Ring.create(self._continued(spec)))
        except NoMemory:
            for ring in made:
                ring.close()
            raise
        return made

    def put_in_use(self, specs: Sequence[RingSpec], made: Sequence[Ring]) -> None:
        for spec, ring in zip(specs, made, strict=True):
            self.by_name[spec.name] = ring
            self.planned[spec.name] = spec

    def remove(self, name: str) -> None:
        for left, old in [entry for entry in self._leaving if entry[0] == name]:
            self._leaving.remove((left, old))
            old.close(keep_wakes=True)
        self.by_name.pop(name).close()
        del self.planned[name]
        self._last_seq.pop(name, None)
        self._wishes.pop(name, None)
        self._told.pop(name, None)

    def _continued(self, spec: RingSpec) -> RingSpec:
        old = self.by_name.get(spec.name)
        if old is None:
            return spec
        return replace(spec, generation=old.spec.generation + 1, base=old.newest_seq() + UNSEEN)

    def check(self) -> list[RingCorrupt]:
        """Look at every header word of every ring."""
        found = []
        for name, ring in self.by_name.items():
            try:
                self._last_seq[name] = RingStats.read(ring.spec, ring.words, self._fence).seq
            except RingCorrupt as error:
                found.append(error)
        return found

    def renew(self, name: str) -> None:
        """A fresh segment of the same size, for users that all start anew; what is in the old is lost."""
        old = self.by_name[name]
        log.error("%s", dump_header(old.spec, old.words))
        base = self._last_seq.get(name, old.spec.base) + UNSEEN
        spec = old.spec.successor(old.spec.slot_bytes, base)
        self.by_name[name] = Ring.create(spec, old.wakes)
        old.close(keep_wakes=True)

    def wish_larger(self, name: str, nbytes: int) -> None:
        """A writer has a frame that does not fit. Frames may go on growing while a window is dragged; the
        same wish again, with every frame that is dropped meanwhile, is no reason to wait longer."""
        wished, _ = self._wishes.get(name, (self.by_name[name].spec.slot_bytes, 0.0))
        if nbytes > wished:
            self._wishes[name] = (nbytes, time.monotonic())

    def grow(self) -> list[Ring]:
        """Make the larger segments whose time has come; the caller tells their users."""
        now, grown = time.monotonic(), []
        for name, (nbytes, since) in list(self._wishes.items()):
            if now - since < RESIZE_QUIET:
                continue
            old = self.by_name[name]
            try:
                check_memory(old.spec.slots * nbytes)
                new = old.grown(nbytes)
            except (GraphError, NoMemory) as error:
                if self._told.get(name) != nbytes:
                    log.error("frames of %d bytes are dropped: %s; it is tried again", nbytes, error)
                self._told[name] = nbytes
                self._wishes[name] = (nbytes, now + RETRY)
                continue
            del self._wishes[name]
            self._told.pop(name, None)
            new.set_state(old.state)
            self.by_name[name] = new
            self._leaving.append((name, old))
            grown.append(new)
            log.info("ring %s: slots of %d instead of %d bytes", name, nbytes, old.spec.slot_bytes)
        return grown

    def close_left(self) -> None:
        """Let go of segments that their writer has left for good: the first frame of the next carries the seq
        on. (Attaching is not enough: should it die before that frame, a successor would use a seq again.)"""
        for name, old in list(self._leaving):
            if self.by_name[name].words[layout.HEAD_AT]:
                self._leaving.remove((name, old))
                old.close(keep_wakes=True)

    def forget_writer(self, name: str) -> None:
        """Its writer was reaped. A successor goes on after whatever it had published, also in a segment
        that it was about to leave."""
        ring = self.by_name[name]
        ring.forget_writer()
        for left, old in self._leaving:
            if left == name:
                old.forget_writer()
                ring.continue_after(old.newest_seq())

    def forget_reader(self, name: str, reader: str) -> None:
        self.by_name[name].forget_reader(reader)
        for left, old in self._leaving:
            if left == name:
                old.forget_reader(reader)

    def close(self) -> None:
        for _, old in self._leaving:
            old.close(keep_wakes=True)
        for ring in self.by_name.values():
            ring.close()
        self._leaving.clear()
        self.by_name.clear()


def check_memory(nbytes: int) -> None:
    """Raises GraphError when the rings would not leave the machine room to breathe."""
    memory = psutil.virtual_memory()
    room = memory.available - KEEP_FREE * memory.total
    if nbytes > room:
        raise GraphError(
            f"the rings need {nbytes / 1e6:.0f} MB of shared memory and {max(0, room) / 1e6:.0f} MB "
            "can be had; choose a smaller picture (scene.width, scene.height) or fewer sinks"
        )
