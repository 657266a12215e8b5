"""Moving pictures that are encoded while somebody watches, given to a server as the rings would give them."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import repeat
from typing import Any

from tests.workers.test_encode import picture
from workers.encode._encoders import Encoder, Wanted
from workers.sinks._clients import PACKETS, Packet
from workers.sinks._h264 import starts_anew

FPS = 30
ROWS, COLUMNS = 180, 320


class Coder:
    """`looking` and `again` are what a server calls; `feed` gives it a packet for each picture."""

    def __init__(self, pauses: Iterable[float] = repeat(1 / FPS)) -> None:
        """`pauses`: seconds from picture to picture."""
        self.looked_at: frozenset[str] = frozenset()
        self.keys = self.pictures = 0
        self.stops = 0  # how often nobody looked any more
        self._key, self._ended, self._pauses = True, threading.Event(), iter(pauses)

    def looking(self, rings: frozenset[str]) -> None:
        self.stops += bool(self.looked_at) and not rings
        self.looked_at = rings

    def again(self) -> None:
        self._key = True

    @contextmanager
    def feeding(self, show: Callable[[Any], None]) -> Iterator[None]:
        thread = threading.Thread(target=self._feed, args=(show,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join(10)

    def _feed(self, show: Callable[[Any], None]) -> None:
        encoder, seq = Encoder("libx264", Wanted(ROWS, COLUMNS, 23, None, 1)), 0
        pictures = [picture(number, ROWS, COLUMNS) for number in range(30)]
        while not self._ended.wait(next(self._pauses)):
            if PACKETS not in self.looked_at:
                continue
            key, self._key = self._key, False
            now = time.perf_counter_ns()
            data = b"".join(encoder.encode(pictures[seq % 30], key))
            self.keys += starts_anew(data)
            seq += 1
            self.pictures += 1
            show(Packet(data, seq, now, starts_anew(data)))
