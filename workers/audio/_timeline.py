"""Sound of a device, which has its own clock, may stop and may come late, as unbroken sound by our clock."""

from collections import deque
from fractions import Fraction
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from workers.audio._packets import CHANNELS, RATE

Sound = npt.NDArray[np.float32]
OPTIONS = "async=1000:min_comp=0.0001:min_hard_comp=0.1:first_pts=0:flags=res"
"""Of FFmpeg's resampler: off by more than 0.1 ms the sound is stretched, by 2 % at most, which nobody hears;
more than 0.1 s is filled with silence or left out."""
LOOKS_BACK = 1.0  # seconds
PATIENCE = 0.15  # seconds that sound may be late before silence takes its place
LONGEST = RATE  # samples of silence at a time


class Timeline:
    """Sample n is heard n / 48000 s after `begin` (ns)."""

    def __init__(self, begin: int) -> None:
        self.begin = begin
        self._graph, self._arrivals, self._fed = _resampler(), deque[tuple[int, int]](), 0
        self.begin_anew()

    def begin_anew(self) -> None:
        """What comes now is of another device, or of the same after a while."""
        self._counted = 0
        self._arrivals.clear()

    def add(self, sound: Sound, heard: int) -> None:
        """float32[n, 2], whose last sample was heard at that time (ns)."""
        self._counted += len(sound)
        self._feed(sound, self._at(heard) - self._delay(self._at(heard)) - len(sound))

    def fill(self, now: int) -> None:
        """With silence, where nothing has come for a while."""
        missing = self._at(now) - round(PATIENCE * RATE) - self._fed
        while missing > 0:
            length = min(missing, LONGEST)
            self._feed(np.zeros((length, CHANNELS), np.float32), self._fed)
            missing -= length

    def take(self) -> list[Any]:
        """Frames of FFmpeg's, one after the other; their `pts` counts samples."""
        frames = []
        while True:
            try:
                frames.append(self._graph.pull())
            except BlockingIOError:
                return frames

    def _at(self, time: int) -> int:
        return round((time - self.begin) * RATE / 1_000_000_000)

    def _delay(self, heard: int) -> int:
        """How much later than others in the last second it has come, in samples: the earliest was on time."""
        self._arrivals.append((heard, heard - self._counted))
        while self._arrivals[0][0] < heard - LOOKS_BACK * RATE:
            self._arrivals.popleft()
        return self._arrivals[-1][1] - min(offset for _, offset in self._arrivals)

    def _feed(self, sound: Sound, at: int) -> None:
        if at + len(sound) <= 0:
            return  # older than our beginning
        frame = av.AudioFrame.from_ndarray(sound.reshape(1, -1), format="flt", layout="stereo")
        frame.sample_rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), at
        self._graph.push(frame)
        self._fed = max(self._fed, at + len(sound))


def _resampler() -> Any:
    graph = av.filter.Graph()
    source = graph.add_abuffer(format="flt", sample_rate=RATE, layout="stereo", time_base=Fraction(1, RATE))
    resample, sink = graph.add("aresample", OPTIONS), graph.add("abuffersink")
    source.link_to(resample)
    resample.link_to(sink)
    graph.configure()
    return graph
