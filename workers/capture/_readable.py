"""What can be read of a video that may be damaged."""

import logging
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import av

Damage = Callable[[int | None, Exception], None]
"""Is told at which time, in the stream's ticks, something is left out (None: at its end), and why."""


def readable(packets: Iterator[Any], damaged: Damage) -> Iterator[Any]:
    """The frames of a stream's packets. One that cannot be decoded costs what is in it and no more."""
    while True:
        at = None
        try:
            packet = next(packets, None)
            if packet is None:
                return
            at = packet.dts if packet.pts is None else packet.pts
            frames = packet.decode()  # of the last, an empty one: what the decoder holds back
        except av.InvalidDataError as error:
            damaged(at, error)
            continue
        yield from frames


def warned_once(log: logging.Logger, path: str) -> Damage:
    """For a film that is played again and again, and comes to the same place with every round."""
    said = False

    def damaged(at: int | None, error: Exception) -> None:
        nonlocal said
        if not said:
            log.warning("%s is damaged; what cannot be read of it is left out: %s", path, error)
        said = True

    return damaged


def rising_time(frame: Any, last: int | None, length: int) -> int:
    """When a frame is shown, in ticks, after `last`: some films have no times, or those of the order in which
    they are coded. `length`: of one without a time."""
    time = frame.dts if frame.pts is None else frame.pts
    if last is None:
        return 0 if time is None else int(time)
    return last + length if time is None else max(int(time), last + 1)


def usual_length(stream: Any) -> int:
    """Of its frames, in ticks."""
    length: Fraction = 1 / (stream.average_rate or Fraction(30)) / stream.time_base
    return max(1, round(length))
