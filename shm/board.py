"""The board: one segment with a line per worker that says how it is. Each worker writes its own line.

    line w   pid  beat  busy_until  state  steps  lost  level  heard_at  label×8
             wait (192 buckets)  work (192)  latency (192)

`beat` and `busy_until` are perf_counter_ns; `wait` is publish of the input → start of work, `work` the
work itself, `latency` capture → end of work (for a sink: → present). `steps` counts finished steps, `lost`
inputs that could not be used (their source was gone, or the output did not fit). `label` is the UTF-8 text
of what a busy worker is doing. `level` is how loud what a worker hears is, in millionths of full scale, and
`heard_at` (perf_counter_ns) when it has said so.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from shm import histogram
from shm.histogram import BUCKETS
from shm.layout import LINE, WORD, Words
from shm.segment import Segment

PID, BEAT, BUSY_UNTIL, STATE, STEPS, LOST, LEVEL, HEARD_AT = range(8)
LABEL, LABEL_WORDS = 8, 8
WAIT = LINE
WORK, LATENCY = WAIT + BUCKETS, WAIT + 2 * BUCKETS
LINE_WORDS = WAIT + 3 * BUCKETS
FULL_SCALE = 1_000_000
LEVEL_FALLS = 20.0  # dB a second, as a meter's needle does
HEARS = 1.0  # second; who has not said for so long what it hears, hears nothing

ABSENT, OPENING, RUNNING, STOPPED = range(4)
STATES = ("absent", "opening", "running", "stopped")


@dataclass(frozen=True)
class LineStats:
    """A worker's line at one moment. Histograms are counts since the worker's line was made."""

    pid: int
    beat: int
    busy_until: int
    state: str
    steps: int
    lost: int
    label: str
    level: float | None
    wait: tuple[int, ...]
    work: tuple[int, ...]
    latency: tuple[int, ...]


class Line:
    """One worker's line, for the worker itself; the launcher uses it only while the worker is not there."""

    def __init__(self, words: Words, row: int) -> None:
        self._words, self._at = words, row * LINE_WORDS
        self._doing: tuple[str, int] | None = None  # what this worker is busy with, and until when

    def enter(self, pid: int, state: int) -> None:
        self._words[self._at + PID] = pid
        self.beat()
        self.set_state(state)

    def set_state(self, state: int) -> None:
        self._words[self._at + STATE] = state

    def beat(self) -> None:
        self._words[self._at + BEAT] = time.perf_counter_ns()

    def note_step(self, wait_ns: int | None, work_ns: int, latency_ns: int | None) -> None:
        """Count a finished step with its times; None where there is no such time (sources wait for none)."""
        words, at = self._words, self._at
        words[at + STEPS] += 1
        histogram.add(words, at + WORK, work_ns)
        if wait_ns is not None:
            histogram.add(words, at + WAIT, wait_ns)
        if latency_ns is not None:
            histogram.add(words, at + LATENCY, latency_ns)

    def show_level(self, peak: float) -> None:
        """The loudest that was heard since the last time, 1 is full scale; the meter falls slowly."""
        words, at, now = self._words, self._at, time.perf_counter_ns()
        seconds = (now - words[at + HEARD_AT]) / 1e9
        fallen = words[at + LEVEL] / FULL_SCALE * 10 ** (-LEVEL_FALLS * seconds / 20)
        words[at + LEVEL] = round(FULL_SCALE * min(1.0, max(peak, fallen)))
        words[at + HEARD_AT] = now

    def note_lost(self) -> None:
        self._words[self._at + LOST] += 1

    @contextmanager
    def busy(self, what: str, limit: float) -> Iterator[None]:
        """Say that no beat is to be expected for up to `limit` seconds, and why. Within another `busy` that
        one counts again afterwards, and the time between does not count for it."""
        begin, outer = time.perf_counter_ns(), self._doing
        self._do(what, begin + int(limit * 1e9))
        try:
            yield
        finally:
            self.beat()
            if outer is None:
                self._doing = None
                self.expect_nothing()
            else:
                self._do(outer[0], outer[1] + time.perf_counter_ns() - begin)

    def _do(self, what: str, until: int) -> None:
        self._doing = what, until
        self._set_label(what)
        self._words[self._at + BUSY_UNTIL] = until

    def expect(self, what: str, limit: float) -> None:
        self._set_label(what)
        self._words[self._at + BUSY_UNTIL] = time.perf_counter_ns() + int(limit * 1e9)

    def expect_nothing(self) -> None:
        self._words[self._at + BUSY_UNTIL] = 0
        self._set_label("")

    def _set_label(self, text: str) -> None:
        whole = text.encode()[: LABEL_WORDS * WORD].decode(errors="ignore")  # no half of a letter
        data = whole.encode().ljust(LABEL_WORDS * WORD, b"\0")
        for i in range(LABEL_WORDS):
            self._words[self._at + LABEL + i] = int.from_bytes(data[i * WORD : (i + 1) * WORD], "little")

    def read(self) -> LineStats:
        words, at = self._words, self._at
        label = b"".join(words[at + LABEL + i].to_bytes(WORD, "little") for i in range(LABEL_WORDS))
        counts = [tuple(words[at + first + i] for i in range(BUCKETS)) for first in (WAIT, WORK, LATENCY)]
        return LineStats(
            pid=words[at + PID],
            beat=words[at + BEAT],
            busy_until=words[at + BUSY_UNTIL],
            state=STATES[words[at + STATE]] if words[at + STATE] < len(STATES) else "unknown",
            steps=words[at + STEPS],
            lost=words[at + LOST],
            level=words[at + LEVEL] / FULL_SCALE if self._hears() else None,
            label=label.rstrip(b"\0").decode(errors="replace"),
            wait=counts[0],
            work=counts[1],
            latency=counts[2],
        )

    def _hears(self) -> bool:
        return time.perf_counter_ns() - self._words[self._at + HEARD_AT] < HEARS * 1e9

    def read_health(self) -> tuple[int, int]:
        """(beat, busy_until), all that the supervisor needs many times a second."""
        return self._words[self._at + BEAT], self._words[self._at + BUSY_UNTIL]


class Board:
    """The segment and its lines, one for each of `rows` workers. Picklable through `segment`."""

    def __init__(self, segment: Segment, rows: int) -> None:
        self.segment, self.rows = segment, rows
        self._words = segment.buffer[: rows * LINE_WORDS * WORD].cast("Q")

    @classmethod
    def create(cls, rows: int) -> "Board":
        return cls(Segment.create(rows * LINE_WORDS * WORD, "board"), rows)

    def line(self, row: int) -> Line:
        return Line(self._words, row)

    def close(self) -> None:
        self._words.release()
        self.segment.close()
