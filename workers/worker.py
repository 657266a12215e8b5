"""The one step that every worker repeats, and what an implementation has to say.

    class Grey(Worker):
        reads, writes = "frame", {"grey": "GRAY"}

        def process(self, frame: Lease, grey: OpenSlot) -> None:
            grey.view(frame.info.shape[:2])[:] = frame.frame.mean(axis=2)

An implementation is one file with one such class; a frozen dataclass `Settings` beside it becomes the
section of settings.yaml that has the file's name. It knows pixels; which process it runs in, who reads
its rings and what happens when it dies is not its business.
"""

import logging
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from types import ModuleType, SimpleNamespace, TracebackType
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np

from shm.board import Line
from shm.errors import FrameTooLarge, RingCorrupt, SourceGone
from shm.frame import NO_SOURCE, Source
from shm.layout import LIVE, Mode, RingSpec
from shm.lease import Lease, OpenSlot
from shm.ring import Attachment, RingReader, RingWriter
from shm.segment import Segment
from shm.wake import Sleeper, wait
from workers.house import House

BEAT_EVERY = 0.25  # seconds; the longest sleep between two beats


class CannotWork(Exception):
    """Raised in `open`: only the user can change that, so the worker is not started again until its settings
    change. The message names what, where and what to do."""


class Wiring(NamedTuple):
    """The rings that a worker uses; see the attributes of Worker."""

    reads: str | None
    follows: str | tuple[str, ...] | None
    joins: str | None
    writes: Mapping[str, str]
    offers: Mapping[str, str]

    @property
    def followed(self) -> tuple[str, ...]:
        return (self.follows,) if isinstance(self.follows, str) else self.follows or ()

    @property
    def inputs(self) -> list[str]:
        return [ring for ring in (self.reads, *self.followed, self.joins) if ring]

    @property
    def outputs(self) -> dict[str, str]:
        """Ring → colour of all that it may write, in the order in which `process` gets their slots."""
        return {**self.writes, **self.offers}


@dataclass(frozen=True)
class Host:
    """What the process around a worker offers it.

    `with busy("building the engine", limit=600):` asks the supervisor for patience (seconds);
    `tell(kind, **what)` sends it a message; `threads` is how many the worker may use; `house` is there where
    a launcher is; `show_level(peak)` shows how loud what it hears is, 1 is full scale.
    """

    busy: Callable[..., AbstractContextManager[None]]
    tell: Callable[..., None]
    threads: int
    house: House | None = None
    show_level: Callable[[float], None] = lambda peak: None


class Worker:
    """Base of all implementations. `settings.<section>` holds its own settings and those of its room."""

    reads: ClassVar[str | None] = None
    """The ring whose frames it turns into something; None for a source."""
    mode: ClassVar[Mode] = "latest"
    joins: ClassVar[str | None] = None
    """A second ring: it gets the very frame there that the frame it reads was made from."""
    follows: ClassVar[str | tuple[str, ...] | None] = None
    """A ring, or several, whose newest frames it gets besides, in `follow`."""
    follow_mode: ClassVar[Mode] = "latest"
    writes: ClassVar[Mapping[str, str]] = {}
    """Ring → colour of its frames."""
    history: ClassVar[Mapping[str, int]] = {}
    """Ring → how many frames besides the newest stay there for readers that are late. For small ones."""
    offers: ClassVar[Mapping[str, str]] = {}
    """Further rings that a source can write, made only if somebody reads them and nobody else writes them.
    Their frames name the frame in the source's first ring as what they were made from."""
    shares: ClassVar[tuple[str, ...]] = ()
    """Settings sections that it sees besides its own and its room's."""
    heavy: ClassVar[bool] = False
    """It uses several threads; the heavy workers share the cores."""
    threads: ClassVar[int] = 1
    """How many it uses where it is not heavy."""
    pts: int = 0
    """For a source: the time of the frame that it has just filled in, in microseconds, if that has one of its
    own."""

    def __init__(self, settings: SimpleNamespace, host: Host) -> None:
        self.settings, self.host = settings, host
        self.log = logging.getLogger(type(self).__module__)

    @classmethod
    def wiring(cls, settings: SimpleNamespace) -> Wiring:
        """Which rings it uses under these settings."""
        return Wiring(cls.reads, cls.follows, cls.joins, cls.writes, cls.offers)

    @classmethod
    def mode_for(cls, settings: SimpleNamespace) -> Mode:
        """How it reads under these settings."""
        return cls.mode

    @classmethod
    def sizes(cls, settings: SimpleNamespace, rings: Mapping[str, int]) -> dict[str, int]:
        """Bytes of the largest frame of each ring it writes, given those of the rings it uses; and under
        other names what those who come after it reckon with."""
        return {}

    def open(self) -> None:
        """Get what it needs: a model, a window, a device."""

    def close(self) -> None:
        """Give it back."""

    def drive(self, step: "Step") -> None:
        """Repeat the step until it is told to stop. A window does it from its own clock with `step.once(0)`,
        a server from its event loop."""
        while not step.stopping:
            step.once(BEAT_EVERY)

    def wake(self) -> None:
        """Somebody looks again after nobody did."""

    def again(self) -> None:
        """Those who look need a frame now: a source publishes what it has, changed or not; an encoder makes
        the next one stand for itself; others need do nothing."""

    def recentre(self) -> None:
        """A sink whose picture hangs in space is to bring it before the eyes."""

    def due(self) -> float:
        """For a source: when to be called next, in `time.perf_counter()` seconds."""
        return 0.0

    def process(self, *held: Any) -> int | bool | None:
        """Turn the held lease(s) into the open slot(s); None stands for the slot of an offer that nobody
        took. A source returns the capture time of what it has put into its slots in ns, or None when there
        is nothing new; another may return False to publish nothing."""
        raise NotImplementedError

    def follow(self, lease: Lease, input_live: bool, *slots: Any) -> bool:
        """A frame of a ring that it follows (`lease.ring`); `input_live` says how its main input is. True: it
        has filled the slots for this frame."""
        raise NotImplementedError

    def stale(self, stale: bool) -> None:
        """The source of what it reads is away (the last frame is stale), or back."""


def implementation_in(module: ModuleType) -> type[Worker]:
    """The one Worker class that a module defines."""
    found = [
        thing
        for thing in vars(module).values()
        if isinstance(thing, type) and issubclass(thing, Worker) and thing.__module__ == module.__name__
    ]
    if len(found) != 1:
        raise TypeError(f"{module.__file__}: has {len(found)} Worker classes; an implementation has one")
    return found[0]


class Control(Protocol):
    """A worker's end of the control queue."""

    @property
    def closed(self) -> bool: ...
    def fileno(self) -> int: ...
    def flush(self) -> None: ...
    def send(self, message: dict[str, Any]) -> None: ...
    def receive(self) -> Collection[tuple[dict[str, Any], list[int]]]: ...


@dataclass
class Link:
    """All that ties a worker to the others. `joined` reads the joined ring, to process it or only to keep
    its frames for those further down (`joined_for_others`). `keeps_what_it_reads`: it is the reader's own
    ring that those further down join."""

    line: Line
    control: Control
    reader: RingReader | None = None
    followers: tuple[RingReader, ...] = ()
    joined: RingReader | None = None
    joined_for_others: bool = False
    keeps_what_it_reads: bool = False
    writers: dict[str, RingWriter] = field(default_factory=dict)

    @property
    def ends(self) -> list[RingReader | RingWriter]:
        readers = (self.reader, *self.followers, self.joined)
        return [*filter(None, readers), *self.writers.values()]


class Losses:
    """A frame that does not fit its slot is dropped, and the launcher asked for larger slots; a frame whose
    source is gone is dropped too. Offline none may be: both end the worker. (A class: contextlib's are twenty
    calls, and a frame waits.)"""

    def __init__(self, step: "Step") -> None:
        self._step = step

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        return isinstance(error, (FrameTooLarge, SourceGone)) and self._step.lost(error)


class Step:
    """Repeats the step until it is told to stop. `once(0)` fits into a window's clock or an event loop."""

    def __init__(self, worker: Worker, link: Link, wiring: Wiring) -> None:
        self.worker, self.link = worker, link
        self._outputs, self._losses = wiring.outputs, Losses(self)
        self.stopping = self.asleep = self._wanted_again = False
        self._input_live = True
        self._owed_until = 0  # perf_counter_ns; what it follows and waits since before then comes next

    def once(self, timeout: float) -> None:
        """Sleep until there is something to do, at most `timeout` seconds; then do it."""
        link = self.link
        link.line.beat()
        link.control.flush()
        slots = self._acquire()
        blocked = len(slots) < len(link.writers)
        if self._answer(self._sleep(timeout, slots)) or blocked or self.asleep:
            return
        if link.reader is None:
            if self._stands_still:
                self._repeat(slots)
            elif time.perf_counter() >= self.worker.due():
                self._produce(slots)
            return
        self._see_state(link.reader.state)
        if self._owed_until and self._follow_one(slots):
            return
        lease = link.reader.lease()
        if lease is None:
            self._follow_one(slots)
            return
        for follower in link.followers:
            if follower.mode == "every":
                self._follow_along(follower, slots)
        self._turn_among_newest(lease, slots)
        if any(follower.ready() for follower in link.followers if follower.mode == "every-or-count"):
            self._owed_until = time.perf_counter_ns()

    def _follow_one(self, slots: dict[str, OpenSlot]) -> bool:
        """The next frame of what it follows, if there is one. Where each frame counts, what waited at the
        end of a turn of its main input comes before the next turn: an input that always has something new
        would keep it off until it is lost."""
        for follower in self.link.followers:
            if follower.mode != "every" and (lease := follower.lease()) is not None:
                if lease.info.t_publish > self._owed_until:
                    self._owed_until = 0
                self._follow(lease, slots, self._input_live)
                return True
        self._owed_until = 0
        return False

    def _turn_among_newest(self, lease: Lease, slots: dict[str, OpenSlot]) -> None:
        """A turn of its main input, and the newest frame of each ring that it follows so, or an input that
        always has something new would keep them off. What was captured later comes after it, what was not
        before: who is to see that a scene begins must see it before the map of its first frame."""
        waiting = [follower.lease() for follower in self.link.followers if follower.mode == "latest"]
        newest = [followed for followed in waiting if followed is not None]
        now = lease.info.t_capture
        for followed in (one for one in newest if one.info.t_capture <= now):
            self._follow(followed, slots, input_live=True)
            slots = self._acquire()  # the same where it has published nothing
        self._turn(lease, slots)
        for followed in (one for one in newest if one.info.t_capture > now):
            self._follow(followed, self._acquire(), self._input_live)

    def _acquire(self) -> dict[str, OpenSlot]:
        """A slot of every ring that it writes, but for those that have none just now."""
        slots = {ring: writer.acquire() for ring, writer in self.link.writers.items()}
        return {ring: slot for ring, slot in slots.items() if slot is not None}

    def _sleep(self, timeout: float, slots: dict[str, OpenSlot]) -> bool:
        """True: there are control messages."""
        sleepers: list[Sleeper] = []
        if self.asleep:
            pass  # only a message can change that
        elif full := [writer for ring, writer in self.link.writers.items() if ring not in slots]:
            sleepers.extend(full)  # those with a slot have nothing to wait for: it would not sleep at all
        elif self.link.reader is not None:
            sleepers.append(self.link.reader)
            sleepers.extend(follower for follower in self.link.followers if follower.mode != "every")
        elif not self._stands_still:
            timeout = min(timeout, max(0.0, self.worker.due() - time.perf_counter()))
        return bool(wait(sleepers, timeout, [self.link.control.fileno()]))

    def _process(self, taken: list[Lease], slots: dict[str, OpenSlot]) -> int | bool | None:
        return self.worker.process(*taken, *[slots.get(ring) for ring in self._outputs])

    def _produce(self, slots: dict[str, OpenSlot]) -> None:
        """A source's step."""
        begin = time.perf_counter_ns()
        with self._losses:
            t_capture = self._process([], slots)
            if t_capture is not None:
                self._publish_produced(slots, t_capture)
                self.link.line.note_step(None, time.perf_counter_ns() - begin, None)

    @property
    def _stands_still(self) -> bool:
        """It is a source, and the settings say that the picture is to stand still."""
        paused = getattr(getattr(self.worker.settings, "capture", None), "paused", False)
        return self.link.reader is None and bool(paused)

    def _repeat(self, slots: dict[str, OpenSlot]) -> None:
        """Publish the last frame once more if somebody needs one: what is made of it has changed."""
        if not self._wanted_again:
            return
        self._wanted_again = False
        for ring, slot in slots.items():
            newest = self.link.writers[ring].newest()
            if newest is None:
                return
            info, data = newest
            slot.view(info.shape, info.dtype)[:] = np.frombuffer(data, info.dtype).reshape(info.shape)
        self._publish_produced(slots, time.perf_counter_ns())

    def _publish_produced(self, slots: dict[str, OpenSlot], t_capture: int) -> None:
        """What a source puts in its first ring is the source of what it puts in the others."""
        source, keep = NO_SOURCE, tuple[Lease, ...]()
        for ring, slot in slots.items():
            if source is not NO_SOURCE and self.link.joined is not None:
                keep = (self.link.joined.lease_source(source),)
            writer, colour = self.link.writers[ring], self._outputs[ring]
            pts = self.worker.pts
            seq = writer.publish(slot, t_capture=t_capture, source=source, pts=pts, colour=colour, keep=keep)
            if source is NO_SOURCE:
                source = Source(writer.spec.generation, seq, slot.slot)

    def _turn(self, lease: Lease, slots: dict[str, OpenSlot]) -> None:
        """Everybody else's step."""
        begin, info, link = time.perf_counter_ns(), lease.info, self.link
        with self._losses, lease:
            if link.joined is None or link.joined_for_others:
                end = self._make([lease], slots)
            else:
                with link.joined.lease_source(info.source) as joined:
                    end = self._make([lease, joined], slots)
            link.line.note_step(begin - info.t_publish, end - begin, end - info.t_capture)

    def _make(self, taken: list[Lease], slots: dict[str, OpenSlot]) -> int:
        """When the work was done, in ns: those whom publishing wakes may have this core before we go on."""
        publishes = self._process(taken, slots) is not False
        end = time.perf_counter_ns()
        if publishes:
            keeper = self.link.reader if self.link.keeps_what_it_reads else None
            self._publish_turned(slots, taken[0], keeper)
        return end

    def _follow(self, lease: Lease, slots: dict[str, OpenSlot], input_live: bool) -> None:
        begin, info, link = time.perf_counter_ns(), lease.info, self.link
        with self._losses, lease:
            outputs = (slots.get(ring) for ring in self._outputs)
            if self.worker.follow(lease, input_live, *outputs):
                end = time.perf_counter_ns()
                self._publish_turned(slots, lease)
                link.line.note_step(begin - info.t_publish, end - begin, end - info.t_capture)

    @property
    def _every_frame_counts(self) -> bool:
        """Offline: somebody waits for each."""
        rings = [end.spec for end in self.link.ends]
        return any(row.mode == "every" for ring in rings for row in ring.rows)

    def _follow_along(self, follower: RingReader, slots: dict[str, OpenSlot]) -> None:
        """Offline: each frame of the ring that it reads has one there, and they are taken in pairs, for what
        is made of them must not depend on which came sooner."""
        lease = follower.lease()
        if lease is None:
            raise RingCorrupt(follower.spec.name, "a frame is missing that another was made from")
        with lease:
            self.worker.follow(lease, True, *(slots.get(ring) for ring in self._outputs))

    def _see_state(self, state: int) -> None:
        if (state == LIVE) != self._input_live:
            self._input_live = state == LIVE
            self.worker.stale(not self._input_live)

    def _publish_turned(
        self, slots: dict[str, OpenSlot], lease: Lease, keeper: RingReader | None = None
    ) -> None:
        """Pass on whose frame it is, and keep that frame for those further down: while we hold our input
        it is kept for us, from here on by us. `keeper` is there where that frame is our input itself."""
        info = lease.info
        source = info.as_source if keeper is not None else info.source
        for ring, slot in slots.items():
            keep: tuple[Lease, ...] = ()
            if keeper is not None:
                keep = (keeper.keep(lease),)
            elif self.link.joined is not None and self.link.joined_for_others:
                keep = (self.link.joined.lease_source(source),)
            self.link.writers[ring].publish(
                slot,
                t_capture=info.t_capture,
                source=source,
                pts=info.pts,
                colour=self._outputs[ring],
                keep=keep,
            )

    def lost(self, error: FrameTooLarge | SourceGone) -> bool:
        """False: offline none may be."""
        if self._every_frame_counts:
            return False
        self.link.line.note_lost()
        if isinstance(error, FrameTooLarge):
            self.link.control.send({"kind": "too_large", "ring": error.ring, "nbytes": error.nbytes})
        return True

    def _answer(self, messages_waiting: bool) -> bool:
        """Handle control messages. True: the world may have changed, begin a new step."""
        if not messages_waiting:
            return False
        for message, fds in self.link.control.receive():
            kind = message["kind"]
            if kind == "stop":
                self.stopping = True
            elif kind == "settings":
                self._set(message["section"], message["values"])
            elif kind == "again":
                self._wanted_again = True
                self.worker.again()
            elif kind == "recentre":
                self.worker.recentre()
            elif kind == "asleep":
                self._set_asleep(message["value"])
            elif kind == "log_level":
                logging.getLogger().setLevel(message["level"])
            elif kind == "segment":
                self._move(RingSpec.from_json(message["spec"]), Segment.from_json(message["segment"], fds))
            else:
                raise ValueError(f"unknown control message {kind!r}")
        if self.link.control.closed:
            self.stopping = True  # the launcher has gone
        return True

    def _set_asleep(self, asleep: bool) -> None:
        if self.asleep and not asleep:
            self._wanted_again = True
            self.worker.wake()
            self.worker.again()
        self.asleep = asleep

    def _set(self, section: str, values: dict[str, Any]) -> None:
        settings, stood_still = self.worker.settings, self._stands_still
        setattr(settings, section, replace(getattr(settings, section), **values))
        if stood_still and not self._stands_still:
            self.worker.wake()

    def _move(self, spec: RingSpec, segment: Segment) -> None:
        """A ring has a new segment."""
        memory = Attachment(spec, segment)
        for end in self.link.ends:
            if end.spec.name == spec.name:
                end.move(memory)
