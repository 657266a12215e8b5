"""The clock of recordings, which jumps where two were joined: time goes on there without a hole."""

from collections.abc import Collection, Iterator
from fractions import Fraction
from typing import Any

JUMPING = ("mpegts", "mpeg")  # by FFmpeg's name of the format
BACK, AHEAD = Fraction(1, 10), 10  # seconds that are no jump, as FFmpeg's own program has it


def packets_of(container: Any, wanted: Collection[Any]) -> Iterator[Any]:
    """Of these streams. Whichever are wanted, all get the same times."""
    if container.format.name not in JUMPING:
        yield from container.demux(*wanted)
        return
    clock, numbers = _Clock(), {stream.index for stream in wanted}
    telling = (*container.streams.video, *container.streams.audio)
    more = (stream for stream in telling if stream.index not in numbers)
    for packet in container.demux(*wanted, *more):
        clock.correct(packet)
        if packet.stream.index in numbers:
            yield packet


class _Clock:
    """Of a file that is read from its beginning."""

    def __init__(self) -> None:
        self._late = Fraction(0)  # what is added since the newest jump
        self._late_of: dict[int, Fraction] = {}  # by stream, since it has come to that
        self._first: dict[int, Fraction] = {}
        self._last: dict[int, Fraction] = {}
        self._step: dict[int, Fraction] = {}  # between a stream's newest two packets
        self._due: dict[int, Fraction] = {}  # when each stream's next packet would follow without a hole

    def correct(self, packet: Any) -> None:
        """Its times."""
        if packet.dts is None:
            return
        number, unit = packet.stream.index, packet.time_base
        late = self._late
        if packet.stream.type in ("video", "audio"):
            late = self._late_of[number] = self._lateness(number, packet.dts * unit)
        dts = packet.dts + round(late / unit)
        if number in self._last:  # parts may overlap a little, and no container takes times that go back
            dts = max(dts, int(self._last[number] / unit) + 1)
        if packet.pts is not None:
            if not -BACK <= (packet.pts - packet.dts) * unit <= AHEAD:
                packet.pts = None  # FFmpeg guesses some by what follows, also where that is behind a jump
            elif packet.stream.type == "video":
                packet.pts += round(late / unit)
            else:
                packet.pts = max(dts, packet.pts + round(late / unit))
        packet.dts = dts
        at, length = dts * unit, (packet.duration or 0) * unit
        if packet.stream.type in ("video", "audio"):  # not every picture says how long it is
            self._due[number] = at + (length or self._step.get(number, Fraction(0)))
        self._step[number] = at - self._last.get(number, at)
        self._first.setdefault(number, at)
        self._last[number] = at

    def _lateness(self, number: int, said: Fraction) -> Fraction:
        """What is to be added to what a packet says."""
        if number not in self._due:
            return self._late
        due, before = self._due[number], self._late_of[number]
        if before != self._late and abs(said + before - due) <= BACK:
            return before  # from before the jump: the end of a stream can come behind another's new beginning
        at = said + self._late
        if at < self._last[number] - BACK or at > max(self._due.values()) + AHEAD:
            self._late += max(one for other, one in self._due.items() if self._is_alike(other, number)) - at
        return self._late

    def _is_alike(self, one: int, other: int) -> bool:
        """They have one clock, unlike those of two programs: they began or have come to the same time."""
        near = abs(self._first[one] - self._first[other]) <= AHEAD
        return near or self._due[one] <= self._due[other] + AHEAD
