"""The one table: which workers and rings a settings file asks for, and what each of them gets.

The line that frames go down is `LINE`, then the sinks. What a worker reads, joins and writes stands in its
class; from that this module derives readers, leases, slots and threads, and refuses what does not fit.
"""

import importlib
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

from pipeline.catalogue import implementations
from pipeline.settings import Settings
from shm.layout import MAX_READERS, MAX_SLOTS, Mode, RingSpec, RowSpec
from workers.worker import Worker, implementation_in

LINE = ("capture", "steady", "stereo")
SPARE_SLOTS = 2  # the newest frame, and the one being filled


class GraphError(Exception):
    """The settings ask for what cannot be built; the message says what and what to do."""


@dataclass(frozen=True)
class WorkerPlan:
    """One process. `joins` is read by source: to process it, or (`joins_for_others`) only to keep its frames
    for those further down."""

    name: str
    implementation: str
    settings: dict[str, Any]
    reads: str | None
    mode: Mode
    joins: str | None
    joins_for_others: bool
    writes: tuple[str, ...]
    threads: int

    @property
    def rings(self) -> list[str]:
        """All rings that it has an end of, each once: a source also keeps frames of its own."""
        return list(dict.fromkeys(ring for ring in (self.reads, self.joins, *self.writes) if ring))

    def can_become(self, other: "WorkerPlan") -> bool:
        """Without a restart: nothing but settings is different."""
        return replace(self, settings={}) == replace(other, settings={})


@dataclass(frozen=True)
class Plan:
    """Workers in the order in which they start, and their rings."""

    workers: tuple[WorkerPlan, ...]
    rings: tuple[RingSpec, ...]

    @property
    def nbytes(self) -> int:
        return sum(ring.nbytes for ring in self.rings)

    def text(self) -> str:
        """What it needs, for a person."""
        lines = [f"{len(self.workers)} workers, {self.nbytes / 1e6:.0f} MB in {len(self.rings)} rings"]
        for worker in self.workers:
            joins = [f"keeps {worker.joins}" if worker.joins_for_others else f"joins {worker.joins}"]
            parts = [
                *([f"reads {worker.reads}"] if worker.reads else []),
                *(joins if worker.joins else []),
                *([f"writes {', '.join(worker.writes)}"] if worker.writes else []),
                f"{worker.threads} thread{'s' * (worker.threads > 1)}",
            ]
            lines.append(f"  {worker.name:<10} {worker.implementation:<28} {'; '.join(parts)}")
        for ring in self.rings:
            readers = ", ".join(f"{row.reader} ({row.mode}, {row.pins})" for row in ring.rows)
            size = f"{ring.slots} x {ring.slot_bytes / 1e6:.2f} MB"
            lines.append(f"  ring {ring.name:<10} {size:<23} readers (mode, leases): {readers}")
        return "\n".join(lines)


def make_plan(settings: Settings, package: str = "workers", cores: int | None = None) -> Plan:
    """The table for these settings. Raises GraphError."""
    chosen = _choose(settings, package)
    classes = {name: _class_in(module) for name, module in chosen.items()}
    writer_of = _writers(classes)
    _check_no_circle(classes, writer_of)
    keepers = _keepers(classes, writer_of)
    threads = _threads(classes, cores or os.cpu_count() or 1)
    workers = tuple(
        WorkerPlan(
            name=name,
            implementation=chosen[name],
            settings=_sections(settings, name, chosen[name]),
            reads=kind.reads,
            mode=kind.mode,
            joins=kind.joins or keepers.get(name),
            joins_for_others=kind.joins is None,
            writes=tuple(kind.writes),
            threads=threads[name],
        )
        for name, kind in classes.items()
    )
    return Plan(workers, _rings(workers, classes, writer_of))


def _choose(settings: Settings, package: str) -> dict[str, str]:
    """Worker name → module of its implementation, sources first."""
    chosen = {}
    for room in LINE:
        found = implementations(room, package)
        name = settings.section(room).source if room == "capture" else next(iter(found))
        chosen[room] = found[name]
    if not settings.sinks:
        raise GraphError(
            "sinks: there is none, so nobody would see anything; name one, for example `sinks: [null]`"
        )
    for name in set(LINE) & set(settings.sinks):
        raise GraphError(f"sinks: a sink may not be named {name} like a room")
    sinks = implementations("sinks", package)
    return chosen | {name: sinks[name] for name in settings.sinks}


def _class_in(module: str) -> type[Worker]:
    try:
        return implementation_in(importlib.import_module(module))
    except TypeError as error:
        raise GraphError(str(error)) from error


def _sections(settings: Settings, name: str, module: str) -> dict[str, Any]:
    """The sections that a worker sees: its room's and its own."""
    room, own = module.split(".")[-2:]
    return {
        key: settings.sections[key] for key in dict.fromkeys((room, name, own)) if key in settings.sections
    }


def _writers(classes: dict[str, type[Worker]]) -> dict[str, str]:
    """Ring → its writer. Every ring has one, and somebody who reads it."""
    writer_of: dict[str, str] = {}
    for name, kind in classes.items():
        for ring in kind.writes:
            if ring in writer_of:
                raise GraphError(
                    f"both {writer_of[ring]} and {name} write ring {ring}; a ring has one writer"
                )
            writer_of[ring] = name
    used = {ring for kind in classes.values() for ring in (kind.reads, kind.joins) if ring}
    for missing in used - writer_of.keys():
        readers = [name for name, kind in classes.items() if missing in (kind.reads, kind.joins)]
        raise GraphError(f"{', '.join(readers)} would read ring {missing}, and nobody writes it")
    for unused in writer_of.keys() - used:
        raise GraphError(f"{writer_of[unused]} writes ring {unused}, and nobody reads it")
    return writer_of


def _check_no_circle(classes: dict[str, type[Worker]], writer_of: dict[str, str]) -> None:
    """Or each would wait for the others for ever."""
    for name in classes:
        chain = [name]
        while (ring := classes[chain[-1]].reads) is not None:
            chain.append(writer_of[ring])
            if chain[-1] in chain[:-1]:
                raise GraphError(f"{' reads from '.join(chain)}: in a circle, where nobody can begin")


def _keepers(classes: dict[str, type[Worker]], writer_of: dict[str, str]) -> dict[str, str]:
    """Worker → the ring whose frames it keeps for a join further down.

    From each joining worker up its main input to the writer of the joined ring, everybody keeps the lease of
    the source for as long as his own frame lives, so that the join finds exactly that frame.
    """
    keepers: dict[str, str] = {}
    for name, kind in classes.items():
        if kind.joins is None:
            continue
        ring: str | None = kind.reads
        while ring is not None:
            keeper = writer_of[ring]
            if keepers.setdefault(keeper, kind.joins) != kind.joins:
                raise GraphError(
                    f"{keeper} would have to keep both {keepers[keeper]} and {kind.joins} frames"
                )
            if classes[keeper].joins is not None:
                raise GraphError(
                    f"{keeper} joins ring {classes[keeper].joins} itself "
                    f"and cannot keep its frames for {name} too"
                )
            if keeper == writer_of[kind.joins]:
                break
            ring = classes[keeper].reads
        else:
            raise GraphError(f"{name} joins ring {kind.joins}, which its input {kind.reads} is not made from")
    return keepers


def _rings(
    workers: Sequence[WorkerPlan], classes: dict[str, type[Worker]], writer_of: dict[str, str]
) -> tuple[RingSpec, ...]:
    nbytes: dict[str, int] = {}
    for worker in workers:
        nbytes |= classes[worker.name].sizes(SimpleNamespace(**worker.settings), nbytes)
        for ring in set(worker.writes) - nbytes.keys():
            raise GraphError(f"{worker.name} does not say how large the frames of ring {ring} are")
    written = [ring for worker in workers for ring in worker.writes]
    specs: dict[str, RingSpec] = {}
    for ring in reversed(written):  # a keeper's leases follow from the slots of what it writes
        rows = _rows(ring, workers, writer_of, specs)
        slots = sum(row.pins for row in rows) + SPARE_SLOTS
        if len(rows) > MAX_READERS or slots > MAX_SLOTS:
            raise GraphError(
                f"ring {ring} would have {len(rows)} readers and {slots} slots; "
                f"{MAX_READERS} and {MAX_SLOTS} are possible: use fewer sinks"
            )
        specs[ring] = RingSpec(ring, slots, nbytes[ring], rows)
    return tuple(specs[ring] for ring in written)


def _rows(
    ring: str, workers: Sequence[WorkerPlan], writer_of: dict[str, str], specs: dict[str, RingSpec]
) -> tuple[RowSpec, ...]:
    rows = [RowSpec(worker.name, worker.mode, 1) for worker in workers if worker.reads == ring]
    for worker in workers:
        if worker.joins != ring:
            continue
        leases = 1
        if worker.joins_for_others:  # one behind every slot that it writes
            leases = sum(specs[out].slots for out in worker.writes if out != ring)
        rows.append(RowSpec(worker.name, "by-source", leases))
    return tuple(rows)


def _threads(classes: dict[str, type[Worker]], cores: int) -> dict[str, int]:
    """The heavy workers share the cores; the others get one thread each."""
    heavy = [name for name, kind in classes.items() if kind.heavy]
    share = max(1, math.floor(cores / len(heavy))) if heavy else 1
    return {name: share if name in heavy else 1 for name in classes}
