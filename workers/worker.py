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
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar, Protocol

from shm.board import Line
from shm.errors import FrameTooLarge, SourceGone
from shm.frame import NO_SOURCE, FrameInfo, Source
from shm.layout import Mode, RingSpec
from shm.lease import Lease, OpenSlot
from shm.ring import Attachment, RingReader, RingWriter
from shm.segment import Segment
from shm.wake import Sleeper, wait

BEAT_EVERY = 0.25  # seconds; the longest sleep between two beats


class Worker:
    """Base of all implementations. `settings.<section>` holds its own settings and those of its room."""

    reads: ClassVar[str | None] = None
    """The ring whose frames it turns into something; None for a source."""
    mode: ClassVar[Mode] = "latest"
    joins: ClassVar[str | None] = None
    """A second ring: it gets the very frame there that the frame it reads was made from."""
    writes: ClassVar[Mapping[str, str]] = {}
    """Ring → colour of its frames. A source's further rings name the frame in the first as their source."""
    heavy: ClassVar[bool] = False
    """It uses several threads; the heavy workers share the cores."""

    def __init__(self, settings: SimpleNamespace, busy: Callable[..., Any]) -> None:
        """`with busy('building the engine', limit=600):` asks the supervisor for patience."""
        self.settings, self.busy = settings, busy
        self.log = logging.getLogger(type(self).__module__)

    @classmethod
    def sizes(cls, settings: SimpleNamespace, rings: Mapping[str, int]) -> dict[str, int]:
        """Bytes of the largest frame of each ring it writes, given those of the rings it uses."""
        return {}

    def open(self) -> None:
        """Get what it needs: a model, a window, a device."""

    def close(self) -> None:
        """Give it back."""

    def due(self) -> float:
        """For a source: when to be called next, in `time.perf_counter()` seconds."""
        return 0.0

    def process(self, *held: Any) -> int | None:
        """Turn the held lease(s) into the open slot(s). A source returns the capture time of what it
        has put into its slots in ns, or None when there is nothing new."""
        raise NotImplementedError


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
    its frames for those further down (`joined_for_others`)."""

    line: Line
    control: Control
    reader: RingReader | None = None
    joined: RingReader | None = None
    joined_for_others: bool = False
    writers: dict[str, RingWriter] = field(default_factory=dict)

    @property
    def ends(self) -> list[RingReader | RingWriter]:
        readers = [reader for reader in (self.reader, self.joined) if reader is not None]
        return [*readers, *self.writers.values()]


class Step:
    """Repeats the step until it is told to stop. `once(0)` fits into a window's clock or an event loop."""

    def __init__(self, worker: Worker, link: Link) -> None:
        self.worker, self.link, self.stopping = worker, link, False

    def run(self) -> None:
        while not self.stopping:
            self.once(BEAT_EVERY)

    def once(self, timeout: float) -> None:
        """Sleep until there is something to do, at most `timeout` seconds; then do it."""
        link = self.link
        link.line.beat()
        link.control.flush()
        slots = [slot for slot in (writer.acquire() for writer in link.writers.values()) if slot]
        blocked = len(slots) < len(link.writers)
        if self._answer(self._sleep(timeout, blocked)) or blocked:
            return
        if link.reader is None:
            if time.perf_counter() >= self.worker.due():
                self._produce(slots)
            return
        lease = link.reader.lease()
        if lease is not None:
            self._turn(lease, slots)

    def _sleep(self, timeout: float, blocked: bool) -> bool:
        """True: there are control messages."""
        sleepers: list[Sleeper] = []
        if blocked:
            sleepers.extend(self.link.writers.values())
        elif self.link.reader is not None:
            sleepers.append(self.link.reader)
        else:
            timeout = min(timeout, max(0.0, self.worker.due() - time.perf_counter()))
        return bool(wait(sleepers, timeout, [self.link.control.fileno()]))

    def _produce(self, slots: list[OpenSlot]) -> None:
        """A source's step."""
        begin = time.perf_counter_ns()
        with self._losses_counted():
            t_capture = self.worker.process(*slots)
            if t_capture is not None:
                self._publish_produced(slots, t_capture)
                self.link.line.note_step(None, time.perf_counter_ns() - begin, None)

    def _publish_produced(self, slots: list[OpenSlot], t_capture: int) -> None:
        """What a source puts in its first ring is the source of what it puts in the others."""
        source, keep = NO_SOURCE, tuple[Lease, ...]()
        for (ring, writer), slot in zip(self.link.writers.items(), slots, strict=True):
            if source is not NO_SOURCE and self.link.joined is not None:
                keep = (self.link.joined.lease_source(source),)
            colour = self.worker.writes[ring]
            seq = writer.publish(slot, t_capture=t_capture, source=source, colour=colour, keep=keep)
            if source is NO_SOURCE:
                source = Source(writer.spec.generation, seq, slot.slot)

    def _turn(self, lease: Lease, slots: list[OpenSlot]) -> None:
        """Everybody else's step."""
        begin, info, link = time.perf_counter_ns(), lease.info, self.link
        with self._losses_counted(), ExitStack() as held:
            taken = [held.enter_context(lease)]
            if link.joined is not None and not link.joined_for_others:
                taken.append(held.enter_context(link.joined.lease_source(info.source)))
            self.worker.process(*taken, *slots)
            self._publish_turned(slots, info)
            end = time.perf_counter_ns()
            link.line.note_step(begin - info.t_publish, end - begin, end - info.t_capture)

    def _publish_turned(self, slots: list[OpenSlot], info: FrameInfo) -> None:
        """Pass on whose frame it is, and keep that frame for those further down: while we hold our input
        it is kept for us, from here on by us."""
        for (ring, writer), slot in zip(self.link.writers.items(), slots, strict=True):
            keep: tuple[Lease, ...] = ()
            if self.link.joined is not None and self.link.joined_for_others:
                keep = (self.link.joined.lease_source(info.source),)
            writer.publish(
                slot,
                t_capture=info.t_capture,
                source=info.source,
                pts=info.pts,
                colour=self.worker.writes[ring],
                keep=keep,
            )

    @contextmanager
    def _losses_counted(self) -> Iterator[None]:
        """A frame that does not fit its slot is dropped, and the launcher asked for larger slots; a frame
        whose source is gone is dropped too."""
        try:
            yield
        except FrameTooLarge as error:
            self.link.line.note_lost()
            self.link.control.send({"kind": "too_large", "ring": error.ring, "nbytes": error.nbytes})
        except SourceGone:
            self.link.line.note_lost()

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
            elif kind == "log_level":
                logging.getLogger().setLevel(message["level"])
            elif kind == "segment":
                self._move(RingSpec.from_json(message["spec"]), Segment.from_json(message["segment"], fds))
            else:
                raise ValueError(f"unknown control message {kind!r}")
        if self.link.control.closed:
            self.stopping = True  # the launcher has gone
        return True

    def _set(self, section: str, values: dict[str, Any]) -> None:
        settings = self.worker.settings
        setattr(settings, section, replace(getattr(settings, section), **values))

    def _move(self, spec: RingSpec, segment: Segment) -> None:
        """A ring has a new segment."""
        memory = Attachment(spec, segment)
        for end in self.link.ends:
            if end.spec.name == spec.name:
                end.move(memory)
