"""The one table: which workers and rings a settings file asks for, and what each of them gets.

The lines that frames can go down are `LINES`; the sinks come after them. What a worker reads, joins and
writes stands in its class; from that this module derives readers, leases, slots and threads, and refuses what
does not fit.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

from pipeline.catalogue import implementations
from pipeline.settings import Settings
from shm.layout import MAX_READERS, MAX_SLOTS, Mode, RingSpec, RowSpec
from workers.chain import AND, implementation
from workers.worker import Wiring, Worker

LINES = {
    "3d": {
        "depth": "depth.network",
        "steady": "steady.nearness",
        "stereo": "stereo.compose",
        "encode": "encode.packets",
    },
    "background": {
        "segment": "person.segment",
        "compose": "person.background",
        "encode": "encode.packets",
    },
    "pose": {
        "pose": "person.pose",
        "compose": "person.skeleton",
        "encode": "encode.packets",
    },
    "voice": {
        "coder": "voice.coder",
        "receive": "voice.receive",
        "decoder": "voice.decoder",
    },
    "survey": {
        "depth": "depth.network",
        "survey": "convert.survey",
    },
    "convert": {
        "depth": "depth.network",
        "steady": "steady.nearness",
        "stereo": "stereo.compose",
        "writing": "convert.writing",
    },
}
"""Job → worker → room and implementation. Before each comes the source that the settings name."""
OFFLINE = {"survey": "survey", "convert": "writing"}
"""The two passes of `launcher.py convert`, which no setting names, and the worker at the end of each. They
begin with a reading worker, and everybody gets every frame."""
SOURCES = {"voice": ("listen", "sound")}
OF_PICTURES = ("capture", "capture")
"""The source of a job: worker, and room with its setting `source`."""
BESIDE_PICTURES = {"audio": "audio.live"}
"""A second source, where `audio.source` is not none."""
TOGETHER = ("depth", "steady", "stereo")
"""The rooms that share a process as `stereo.where: with_depth`."""
TRUE_DEPTH = "true"
"""As `depth.model`: the source knows its depth, and there is no depth worker."""
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
    follows: tuple[str, ...]
    follow_mode: Mode
    joins: str | None
    joins_for_others: bool
    writes: tuple[str, ...]
    threads: int

    @property
    def rings(self) -> list[str]:
        """All rings that it has an end of, each once: a source also keeps frames of its own."""
        rings = (self.reads, *self.follows, self.joins, *self.writes)
        return list(dict.fromkeys(ring for ring in rings if ring))

    @property
    def keeps_what_it_reads(self) -> bool:
        """The ring that it reads is the one whose frames it keeps; both with the same end of it."""
        return self.joins is not None and self.joins == self.reads

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
                *([f"follows {', '.join(worker.follows)}"] if worker.follows else []),
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


def make_plan(
    settings: Settings, package: str = "workers", cores: int | None = None, job: str | None = None
) -> Plan:
    """The table for these settings; `job` instead of theirs. Raises GraphError."""
    job = job or settings.section("job").kind
    offline = job in OFFLINE
    chosen = _choose(settings, package, job)
    kinds = {name: _class_in(module) for name, module in chosen.items()}
    sections = {name: _sections(settings, name, chosen[name], kinds[name]) for name in chosen}
    wirings = {name: kind.wiring(SimpleNamespace(**sections[name])) for name, kind in kinds.items()}
    wirings = _without_idle(wirings, {OFFLINE[job]} if offline else set(settings.sinks))
    writer_of = _writers(wirings)
    _check_no_circle(wirings, writer_of)
    keepers = _keepers(wirings, writer_of)
    threads = _threads({name: kinds[name] for name in wirings}, cores or os.cpu_count() or 1, offline)
    workers = tuple(
        WorkerPlan(
            name=name,
            implementation=chosen[name],
            settings=sections[name],
            reads=wiring.reads,
            mode="every" if offline else kinds[name].mode_for(SimpleNamespace(**sections[name])),
            follows=wiring.followed,
            follow_mode="every" if offline else kinds[name].follow_mode,
            joins=wiring.joins or keepers.get(name),
            joins_for_others=wiring.joins is None,
            writes=tuple(ring for ring in wiring.outputs if writer_of.get(ring) == name),
            threads=threads[name],
        )
        for name, wiring in wirings.items()
    )
    alone = offline and settings.section("conversion").is_one_picture
    return Plan(workers, _rings(workers, kinds, alone))


def _choose(settings: Settings, package: str, job: str) -> dict[str, str]:
    """Worker name → module of its implementation, sources first."""
    if job in OFFLINE:
        return _chosen_offline(settings, package, job)
    if not settings.sinks:
        what = "sinks: there is none, so nobody would see anything; name one, like `sinks: [web]`"
        raise GraphError(f"{settings.path}: {what}")
    first, room = SOURCES.get(job, OF_PICTURES)
    line = {first: f"{room}.{settings.section(room).source}", **LINES[job]}
    beside = settings.sections.get("audio")
    if job not in SOURCES and beside is not None and beside.source != "none":
        line = {**BESIDE_PICTURES, **line}
    for name in set(line) & set(settings.sinks):
        raise GraphError(f"sinks: a sink may not be named {name} like a worker of the line")
    if settings.section("depth").model == TRUE_DEPTH:
        line.pop("depth", None)
    chosen = {worker: _module(place, package) for worker, place in line.items()}
    if job == "3d" and settings.section("stereo").where == "with_depth":
        _put_together(chosen)
    sinks = implementations("sinks", package)
    return chosen | {name: sinks[name] for name in settings.sinks}


def _chosen_offline(settings: Settings, package: str, job: str) -> dict[str, str]:
    """The same for a pass of a conversion. Depth that is there already is read instead of guessed."""
    line = {"reading": "convert.reading", **LINES[job]}
    if settings.section("conversion").depth_is_known:
        line["depth"] = "convert.known_depth"
    chosen = {worker: _module(place, package) for worker, place in line.items()}
    if job == "convert" and settings.section("stereo").where == "with_depth":
        _put_together(chosen)
    return chosen


def _put_together(chosen: dict[str, str]) -> None:
    """Depth, steady and stereo in one process. In place; stereo stays before what comes after it."""
    chosen["stereo"] = AND.join(
        chosen.pop(room) if room != "stereo" else chosen[room] for room in TOGETHER if room in chosen
    )


def _module(place: str, package: str) -> str:
    """Of a room and an implementation in it."""
    room, _, name = place.partition(".")
    return implementations(room, package)[name]


def _class_in(module: str) -> type[Worker]:
    try:
        return implementation(module)
    except TypeError as error:
        raise GraphError(str(error)) from error


def _sections(settings: Settings, name: str, module: str, kind: type[Worker]) -> dict[str, Any]:
    """The sections that a worker sees: its room's, its own, and those that it shares with others."""
    own = [part for one in module.split(AND) for part in one.split(".")[-2:]]
    keys = dict.fromkeys((*own, name, *kind.shares))
    return {key: settings.sections[key] for key in keys if key in settings.sections}


def _without_idle(wirings: dict[str, Wiring], sinks: set[str]) -> dict[str, Wiring]:
    """Leave out whoever writes nothing that is read: a window that turns the picture itself needs no
    stereo worker, a scene that knows its depth no network."""
    while True:
        used = _used(wirings)
        idle = [
            name for name, wiring in wirings.items() if name not in sinks and not used & wiring.outputs.keys()
        ]
        if not idle:
            return wirings
        wirings = {name: wiring for name, wiring in wirings.items() if name not in idle}


def _used(wirings: dict[str, Wiring]) -> set[str]:
    return {ring for wiring in wirings.values() for ring in wiring.inputs}


def _writers(wirings: dict[str, Wiring]) -> dict[str, str]:
    """Ring → its writer. Every ring has one, and somebody who reads it."""
    used = _used(wirings)
    writer_of: dict[str, str] = {}
    for name, wiring in wirings.items():
        for ring in wiring.writes:
            if ring in writer_of:
                raise GraphError(
                    f"both {writer_of[ring]} and {name} write ring {ring}; a ring has one writer"
                )
            writer_of[ring] = name
    for name, wiring in wirings.items():
        for ring in wiring.offers.keys() & used - writer_of.keys():
            writer_of[ring] = name
    for missing in used - writer_of.keys():
        readers = [name for name, wiring in wirings.items() if missing in wiring.inputs]
        raise GraphError(
            f"{', '.join(readers)} would read ring {missing}, and nobody writes it{_remedy(missing)}"
        )
    for unread in writer_of.keys() - used:
        raise GraphError(f"{writer_of[unread]} writes ring {unread}, and nobody reads it")
    return writer_of


def _remedy(missing: str) -> str:
    if missing in ("sound", "coded"):
        return "; it is there with `job.kind: voice`"
    if missing == "audio":
        return "; set audio.source"
    if missing == "picture":
        return "; with `job.kind: voice` the sinks are speaker, wav and call"
    if missing != "depth":
        return ""
    return f"; `depth.model: {TRUE_DEPTH}` is for a source that knows its depth, like scene: name a network"


def _check_no_circle(wirings: dict[str, Wiring], writer_of: dict[str, str]) -> None:
    """Or each would wait for the others for ever."""
    for name in wirings:
        chain = [name]
        while (ring := wirings[chain[-1]].reads) is not None:
            chain.append(writer_of[ring])
            if chain[-1] in chain[:-1]:
                raise GraphError(f"{' reads from '.join(chain)}: in a circle, where nobody can begin")


def _keepers(wirings: dict[str, Wiring], writer_of: dict[str, str]) -> dict[str, str]:
    """Worker → the ring whose frames it keeps for a join further down.

    From each joining worker up its main input to the writer of the joined ring, everybody keeps the lease of
    the source for as long as his own frame lives, so that the join finds exactly that frame.
    """
    keepers: dict[str, str] = {}
    for name, wiring in wirings.items():
        if wiring.joins is None:
            continue
        ring = wiring.reads
        while ring is not None and ring != wiring.joins:  # whoever reads that one keeps what it reads
            keeper = writer_of[ring]
            if keepers.setdefault(keeper, wiring.joins) != wiring.joins:
                raise GraphError(
                    f"{keeper} would have to keep both {keepers[keeper]} and {wiring.joins} frames"
                )
            if wirings[keeper].joins is not None:
                raise GraphError(
                    f"{keeper} joins ring {wirings[keeper].joins} itself "
                    f"and cannot keep its frames for {name} too"
                )
            if keeper == writer_of[wiring.joins]:
                break
            ring = wirings[keeper].reads
        if ring is None:
            raise GraphError(
                f"{name} joins ring {wiring.joins}, which its input {wiring.reads} is not made from"
            )
    return keepers


def _rings(
    workers: Sequence[WorkerPlan], kinds: dict[str, type[Worker]], alone: bool
) -> tuple[RingSpec, ...]:
    """`alone`: one frame is all that will come, and no lease can be in the way of another."""
    nbytes: dict[str, int] = {}
    written = [ring for worker in workers for ring in worker.writes]
    for worker in workers:
        try:
            sizes = kinds[worker.name].sizes(SimpleNamespace(**worker.settings), nbytes)
        except (OSError, ValueError) as error:  # no such file, monitor, …
            raise GraphError(f"{worker.name} cannot start: {error}") from error
        for ring in set(worker.writes) - sizes.keys():
            raise GraphError(f"{worker.name} does not say how large the frames of ring {ring} are")
        nbytes |= {name: size for name, size in sizes.items() if name in worker.writes or name not in written}
    specs: dict[str, RingSpec] = {}
    for ring in reversed(written):  # a keeper's leases follow from the slots of what it writes
        rows = _rows(ring, workers, specs)
        history = max(kinds[worker.name].history.get(ring, 0) for worker in workers if ring in worker.writes)
        slots = SPARE_SLOTS + (0 if alone else sum(row.pins for row in rows) + history)
        if len(rows) > MAX_READERS or slots > MAX_SLOTS:
            raise GraphError(
                f"ring {ring} would have {len(rows)} readers and {slots} slots; "
                f"{MAX_READERS} and {MAX_SLOTS} are possible: use fewer sinks"
            )
        specs[ring] = RingSpec(ring, slots, nbytes[ring], rows)
    return tuple(specs[ring] for ring in written)


def _rows(ring: str, workers: Sequence[WorkerPlan], specs: dict[str, RingSpec]) -> tuple[RowSpec, ...]:
    rows = [
        RowSpec(worker.name, worker.mode, 1 + (_kept(worker, specs) if worker.keeps_what_it_reads else 0))
        for worker in workers
        if worker.reads == ring
    ]
    rows += [RowSpec(worker.name, worker.follow_mode, 1) for worker in workers if ring in worker.follows]
    for worker in workers:
        if worker.joins != ring or worker.keeps_what_it_reads:
            continue
        leases = _kept(worker, specs) if worker.joins_for_others else 1
        rows.append(RowSpec(worker.name, "by-source", leases))
    return tuple(rows)


def _kept(worker: WorkerPlan, specs: dict[str, RingSpec]) -> int:
    """How many frames it keeps for others: one behind every slot that it writes."""
    return sum(specs[out].slots for out in worker.writes if out != worker.joins)


def _threads(kinds: dict[str, type[Worker]], cores: int, offline: bool) -> dict[str, int]:
    """The heavy workers share the cores, but get two where there are two: a frame is at one of them at a
    time, and what it takes there is delay. The others get what they say: mostly one thread each. Offline
    nobody waits for a frame, and whoever is slowest is to have all the cores."""
    if offline:
        return {name: cores if kind.heavy else min(cores, kind.threads) for name, kind in kinds.items()}
    heavy = [name for name, kind in kinds.items() if kind.heavy]
    share = min(cores, max(2, cores // max(1, len(heavy))))
    return {name: share if name in heavy else min(cores, kind.threads) for name, kind in kinds.items()}
