"""The memory that the explorer puts under the ring code: weaker than any machine Stereoring runs on.

Every word is one location. A location has one newest value that all agree on (multi-copy atomic, as x86
and Armv8 are) and, for each thread, older values that this thread may still see.

Stores. A thread's stores wait in its store buffer, in order for each location, in no order between
locations. They come out one by one, at any moment the scheduler likes. A fence empties the buffer first.

Loads. A thread sees its own waiting store if it has one. Otherwise it sees any value that was the newest
at some moment since its last fence, but never one older than what it has seen or written there before
(coherence). So loads pass loads and earlier stores, also those that depend on each other: stale by choice.
A load is bound when it is made. It cannot come after a later store: in the ring code every later store
stands behind a branch on the loaded value, which orders the two on every machine.

Data. Pixels, and what a slot's line says of them, are not branched on. Their accesses drift further: a
store may come out any time before the writer's next fence, a read may be satisfied any time from the
reader's last fence to its next one, so also after a later store, say the unpin. Nothing is left to the
scheduler here: a read is right only if *every* value that it could see is the expected one. So one word
can stand for all the pixels of a slot.

Processes. A killed process makes no further step; what it had stored still comes out, in any order, all of
it before its parent has reaped it. A process that starts sees all that its parent had done.
"""

from collections.abc import Callable


class Broken(AssertionError):
    """An invariant of the ring does not hold."""

    def __init__(self, invariant: str, what: str) -> None:
        super().__init__(f"{invariant}: {what}")
        self.invariant, self.what = invariant, what


class Thread:
    """What one thread has stored that nobody sees yet, and what it may see that is no longer so."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.waiting: dict[int, list[int]] = {}  # location: stored values, oldest first
        self.behind: dict[int, list[int]] = {}  # location: values it may still see, oldest first
        self.reading: list[tuple[int, int]] = []  # (data location, expected): satisfied by its next fence
        self.drifting: list[int] = []  # data locations written since its last fence


class Memory:
    """Locations, by number. `say` is told every step, for a trace."""

    def __init__(self) -> None:
        self.newest: list[int] = []
        self.names: list[str] = []
        self.data: list[bool] = []
        self.author: list[Thread | None] = []  # whose store made the newest value
        self._audience: list[list[Thread]] = []
        self._drifting: dict[int, list[int]] = {}  # data location: what it held before stores still adrift
        self.say: Callable[[Thread, str], None] | None = None

    def allocate(self, name: str, audience: list[Thread], *, data: bool = False) -> int:
        """A new location. `audience` (may grow later): the threads that ever load it besides its owner."""
        self.names.append(name)
        self.data.append(data)
        self.newest.append(0)
        self.author.append(None)
        self._audience.append(audience)
        return len(self.newest) - 1

    # -- words that order things -----------------------------------------------------------------------

    def visible(self, thread: Thread, at: int) -> list[int]:
        """The different values that a load may give, newest first."""
        waiting = thread.waiting.get(at)
        if waiting:
            return waiting[-1:]
        behind = thread.behind.get(at)
        if not behind:
            return self.newest[at : at + 1]
        return list(dict.fromkeys((self.newest[at], *reversed(behind))))

    def load(self, thread: Thread, at: int, value: int) -> None:
        """The thread sees `value`, one of `visible`; from now on nothing that was overwritten before it."""
        behind = thread.behind.get(at)
        if behind and at not in thread.waiting:
            seen = behind.index(value) if value in behind else len(behind)
            if seen < len(behind):
                thread.behind[at] = behind[seen:]
            else:
                del thread.behind[at]

    def store(self, thread: Thread, at: int, value: int) -> None:
        thread.waiting.setdefault(at, []).append(value)

    def come_out(self, thread: Thread, at: int) -> None:
        """The oldest waiting store of the thread to this location becomes the newest value."""
        values = thread.waiting[at]
        value = values.pop(0)
        if not values:
            del thread.waiting[at]
        if self.say:
            self.say(thread, f"      … its store {self.names[at]} = {value:#x} comes out")
        self._supersede(thread, at, value)

    def fence(self, thread: Thread) -> None:
        """Everything before is done, nothing after has begun."""
        while thread.waiting:
            self.come_out(thread, next(iter(thread.waiting)))
        for at in thread.drifting:
            self._drifting.pop(at, None)
        thread.drifting.clear()
        thread.reading.clear()
        thread.behind.clear()
        for at, olds in self._drifting.items():
            if thread in self._audience[at]:
                thread.behind[at] = list(olds)

    # -- data ------------------------------------------------------------------------------------------

    def write_data(self, thread: Thread, at: int, value: int) -> None:
        """Seen by others any time from now; certainly after the thread's next fence."""
        old = self.newest[at]
        self._supersede(thread, at, value)
        self._drifting.setdefault(at, []).append(old)
        thread.drifting.append(at)
        for reader in self._audience[at]:
            if reader is not thread:
                self._check_reading(reader, at, value)

    def read_data(self, thread: Thread, at: int, expected: int | None = None) -> int:
        """A read that any time up to the thread's next fence may satisfy. Without `expected`, what it sees
        now is what it has to see."""
        values = self.visible(thread, at)
        wanted = values[0] if expected is None else expected
        if values != [wanted]:
            raise Broken(
                "torn", f"{thread.name} reads {self.names[at]}: {wanted} is due, {values} can be seen"
            )
        thread.reading.append((at, wanted))
        return wanted

    def _check_reading(self, reader: Thread, at: int, value: int) -> None:
        for place, expected in reader.reading:
            if place == at and value != expected:
                raise Broken(
                    "torn",
                    f"{reader.name} reads {self.names[at]}: {expected} is due, {value} is written meanwhile",
                )

    def _supersede(self, thread: Thread, at: int, value: int) -> None:
        old = self.newest[at]
        if value != old:
            for reader in self._audience[at]:
                if reader is not thread:
                    reader.behind.setdefault(at, []).append(old)
            self.newest[at] = value
        thread.behind.pop(at, None)
        self.author[at] = thread

    def state(self) -> object:
        """All of it that is not in a thread, to tell states apart."""
        return tuple(self.newest), tuple((at, *olds) for at, olds in sorted(self._drifting.items()))
