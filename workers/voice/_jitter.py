"""Packets that come when they like, played at an even pace: that of who sends, as far as it can be told.

A packet's lateness is how much longer it was under way than the quickest of the last seconds. What is played
is that quickest way plus a delay that nearly all keep; both are followed slowly, so the pace goes with the
sender's clock, and a slower network only makes the delay longer.
"""

from collections import deque
from typing import NamedTuple

WINDOW = 500  # packets; 10 s of them
LEAST_DELAY, MOST_DELAY = 0.02, 0.3  # seconds
IN_TIME = 0.98  # the share of packets that the delay waits for
MARGIN = 0.005  # seconds
SLEW = 0.01  # the pace is changed by so much at most: the speaker can make up for that
JUMP = 0.25  # seconds; what is further off is another network, or another clock
ALL_OFF = 4  # so many late or early ones in a row: whoever sends has stood still for a moment, or jumped
SILENT_AFTER = 0.5  # seconds without any packet
ASLEEP_AFTER = 3.0  # seconds in which nobody has played what was due: it is not kept for longer


class Counts(NamedTuple):
    """What became of them so far."""

    played: int = 0
    missing: int = 0
    late: int = 0
    twice: int = 0
    early: int = 0


class JitterBuffer:
    """Of one stream; `number` counts its frames, `now` is in seconds."""

    def __init__(self, frame_seconds: float) -> None:
        self._frame = frame_seconds
        self._waiting: dict[int, bytes] = {}
        self._ways: deque[float] = deque(maxlen=WINDOW)
        self._next: int | None = None
        self._anchor, self._delay, self._newest_at = 0.0, LEAST_DELAY, 0.0
        self._off_in_a_row = 0
        self.counts = Counts()

    @property
    def delay(self) -> float:
        """Seconds that a packet of the quickest waits."""
        return self._delay

    @property
    def due(self) -> float:
        """When the next is to be played; never, where there is no stream."""
        return float("inf") if self._next is None else self._anchor + self._next * self._frame

    def push(self, number: int, packet: bytes, now: float) -> bool:
        """False: it is dropped, for nothing comes as early as its number says. It would be waited for, or all
        before it be made up at once."""
        way = now - number * self._frame
        self._newest_at = now
        asleep = now - self.due > ASLEEP_AFTER
        if self._next is None or asleep or self._off_in_a_row == ALL_OFF:
            self._begin(number, way)
        assert self._next is not None
        late, early = number < self._next, self._anchor - way > self._delay + JUMP
        self._off_in_a_row = self._off_in_a_row + 1 if late or early else 0
        if early:
            self.counts = self.counts._replace(early=self.counts.early + 1)
            return False
        self._ways.append(way)
        self._follow()
        if late:
            self.counts = self.counts._replace(late=self.counts.late + 1)
        elif number in self._waiting:
            self.counts = self.counts._replace(twice=self.counts.twice + 1)
        else:
            self._waiting[number] = packet
        return True

    def pop(self, now: float) -> bytes | None:
        """What is due; None: it is missing. Ends the stream after a long silence: see `due`."""
        assert self._next is not None
        packet = self._waiting.pop(self._next, None)
        self._next += 1
        self._slew()
        if packet is not None:
            self.counts = self.counts._replace(played=self.counts.played + 1)
        elif now - self._newest_at > SILENT_AFTER and not self._waiting:
            self._next = None
        else:
            self.counts = self.counts._replace(missing=self.counts.missing + 1)
        return packet

    def _begin(self, number: int, way: float) -> None:
        """With this packet, as if none had come before it."""
        self._ways.clear()
        self._waiting.clear()
        self._delay, self._off_in_a_row = LEAST_DELAY, 0
        self._next, self._anchor = number, way + LEAST_DELAY

    def _follow(self) -> None:
        """The delay that nearly all packets keep."""
        quickest = min(self._ways)
        ways = sorted(self._ways)
        late = ways[min(len(ways) - 1, int(IN_TIME * len(ways)))] - quickest
        self._delay = min(MOST_DELAY, max(LEAST_DELAY, late + MARGIN))

    def _slew(self) -> None:
        if not self._ways:
            return
        wanted = min(self._ways) + self._delay - self._anchor
        most = SLEW * self._frame
        self._anchor += wanted if abs(wanted) > JUMP else max(-most, min(most, wanted))
