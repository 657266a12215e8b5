"""Several workers in a row in one process: what one hands on to the next never leaves it.

Each is the same implementation as in a process of its own, and sees leases and slots as there. For one GPU,
where a way through host memory between two stages would cost more than the stages.
"""

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from shm.frame import FrameInfo
from shm.layout import RingSpec
from shm.lease import Lease, OpenSlot
from workers.worker import Host, Worker, implementation_in

AND = " + "  # between the modules of a chain


def implementation(modules: str) -> type[Worker]:
    """The Worker class of a module, or of several: "workers.depth.network + workers.steady.nearness"."""
    kinds = [implementation_in(importlib.import_module(module)) for module in modules.split(AND)]
    return kinds[0] if len(kinds) == 1 else chain_of(kinds)


def chain_of(kinds: Sequence[type[Worker]]) -> type[Worker]:
    """A worker that is these one after the other. Each reads what the one before it writes, its one ring."""

    class Chained(Chain):
        stages = tuple(kinds)
        reads, mode = kinds[0].reads, kinds[0].mode
        joins, writes = kinds[-1].joins, kinds[-1].writes
        shares = tuple(dict.fromkeys(section for kind in kinds for section in kind.shares))
        heavy = any(kind.heavy for kind in kinds)

    return Chained


@dataclass(frozen=True)
class Handed:
    """What one stage hands on to the next, as if it were a lease."""

    frame: npt.NDArray[Any]
    info: FrameInfo


class Chain(Worker):
    """Base of all chains."""

    stages: ClassVar[tuple[type[Worker], ...]] = ()

    def __init__(self, settings: SimpleNamespace, host: Host) -> None:
        super().__init__(settings, host)
        self._workers = [kind(settings, host) for kind in self.stages]

    @classmethod
    def sizes(cls, settings: SimpleNamespace, rings: Mapping[str, int]) -> dict[str, int]:
        found = dict(rings)
        for kind in cls.stages:
            found |= kind.sizes(settings, found)
        return found

    def open(self) -> None:
        for worker in self._workers:
            worker.open()
        self._kept = [bytearray(0) for _ in self._workers[:-1]]

    def close(self) -> None:
        for worker in self._workers:
            worker.close()

    def process(self, lease: Lease, joined: Lease, *slots: OpenSlot) -> bool:
        """False if nothing comes of this frame."""
        handed: Lease | Handed | None = lease
        for number, worker in enumerate(self._workers[:-1]):
            handed = self._pass_through(number, worker, lease, handed)
        return handed is not None and self._workers[-1].process(handed, joined, *slots) is not False

    def stale(self, stale: bool) -> None:
        for worker in self._workers:
            worker.stale(stale)

    def _pass_through(
        self, number: int, worker: Worker, lease: Lease, handed: Lease | Handed | None
    ) -> Handed | None:
        """One stage's step into memory that is kept for it. It may follow what comes into the chain; so it
        can make something even where the stage before it made nothing (`handed` is None)."""
        ring = next(iter(worker.writes))
        if handed is not None:
            rings = {worker.reads or "": int(handed.frame.nbytes)}
            wanted = worker.sizes(self.settings, rings)[ring]
            if len(self._kept[number]) < wanted:
                self._kept[number] = bytearray(wanted)
        memory = memoryview(self._kept[number])
        if not memory:
            return None
        slot = OpenSlot(RingSpec(ring, 2, len(memory), ()), 0, memory)
        made = (
            worker.follows is not None and worker.follows == self.reads and worker.follow(lease, True, slot)
        )
        if handed is not None and worker.process(handed, slot) is not False:
            made = True
        if not made:
            return None
        values = np.frombuffer(memory, slot.dtype, int(np.prod(slot.shape))).reshape(slot.shape)
        return Handed(values, lease.info._replace(shape=slot.shape, dtype=slot.dtype))
