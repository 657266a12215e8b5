"""What can be read of a video that may be damaged."""

from collections.abc import Callable, Iterator
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
