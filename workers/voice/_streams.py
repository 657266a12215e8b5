"""Of all that arrives the one stream that is listened to."""

from workers.voice._jitter import JitterBuffer
from workers.voice._rtp import Arrived

QUIET = 0.2  # seconds after which another stream may take its place
HALF = 1 << 31
MOST_CANDIDATES = 16  # who could be the next; the longest silent is forgotten
FAR = 10.0  # seconds; a packet that is further away than that is none of this stream


class Streams:
    """A stream is believed when two packets of it come in a row (RFC 3550, A.1), and nobody else is there."""

    def __init__(self, rate: int, frame: int) -> None:
        self._rate, self._frame = rate, frame
        self._ssrc: int | None = None
        self._candidates: dict[int, int] = {}  # ssrc → number of its last packet
        self._newest = self._number = 0
        self._heard_at = 0.0
        self.buffer = JitterBuffer(frame / rate)
        self.refused = 0
        self.beside = 0
        """Of these, those of whoever could be heard if nobody else were."""

    def take(self, arrived: Arrived, now: float) -> bool:
        """True: another stream begins with this packet."""
        step = (arrived.timestamp - self._newest + HALF) % (2 * HALF) - HALF
        # The line may have been away for so long that the same sender's time is far.
        begins = arrived.ssrc != self._ssrc or abs(step) > FAR * self._rate or step % self._frame != 0
        if begins and not self._may_begin(arrived, now):
            return False
        if begins:
            self._ssrc, self._number, step = arrived.ssrc, 0, 0
            self.buffer = JitterBuffer(self._frame / self._rate)
        number = self._number + step // self._frame
        fits = self.buffer.push(number, arrived.payload, now)
        if fits and (step > 0 or begins):
            self._newest, self._number = arrived.timestamp, number
        self._heard_at = now
        return begins

    def _may_begin(self, arrived: Arrived, now: float) -> bool:
        before = self._candidates.pop(arrived.ssrc, None)
        if len(self._candidates) == MOST_CANDIDATES:
            self._candidates.pop(next(iter(self._candidates)))
        self._candidates[arrived.ssrc] = arrived.number
        follows = before == (arrived.number - 1) & 0xFFFF
        if follows and (self._ssrc is None or now - self._heard_at > QUIET):
            self.beside = 0
            return True
        self.beside += follows
        self.refused += 1
        return False
