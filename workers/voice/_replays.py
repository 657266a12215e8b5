"""Which packets have been here, so that none is taken a second time.

Only for those that nobody else can make. One that was sent too long ago is refused by its own time, so that
what was here can be forgotten after that.
"""

from typing import NamedTuple

APART = 300  # seconds that the clocks of the two machines may be
KEPT = 2 * APART  # seconds; the sender's clock may be as much before ours as a recording is behind it
WINDOW = 1024  # frames; what is older than that has no place in a stream
HALF = 1 << 31


class _Stream(NamedTuple):
    """`seen` has bit n for the frame that is n before the newest."""

    newest: int
    seen: int
    heard_at: float


class Replays:
    """Timestamps count samples, `frame` of them for each packet."""

    def __init__(self, frame: int) -> None:
        self._frame = frame
        self._streams: dict[int, _Stream] = {}

    def is_new(self, ssrc: int, timestamp: int, now: float) -> bool:
        """And from now on it is not. `now` is in seconds."""
        stream = self._streams.get(ssrc)
        if stream is None:
            self._forget_old(now)
            self._streams[ssrc] = _Stream(timestamp, 1, now)
            return True
        newest, seen, _ = stream
        step = ((timestamp - newest + HALF) % (2 * HALF) - HALF) // self._frame
        if step > 0:
            newest, seen = timestamp, 1 | (seen << step if step < WINDOW else 0) & (1 << WINDOW) - 1
        elif step <= -WINDOW or seen >> -step & 1:
            return False
        else:
            seen |= 1 << -step
        self._streams[ssrc] = _Stream(newest, seen, now)
        return True

    def _forget_old(self, now: float) -> None:
        """At each new stream."""
        self._streams = {
            ssrc: stream for ssrc, stream in self._streams.items() if now - stream.heard_at <= KEPT
        }
