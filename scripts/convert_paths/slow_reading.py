"""In place of the reading worker: so few frames a second that no stage disturbs another."""

import time
from typing import Any

from shm.lease import OpenSlot
from workers.convert.reading import Reading

EVERY = 0.15  # seconds


class SlowReading(Reading):
    """The same frames."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._next = 0.0

    def due(self) -> float:
        return max(super().due(), self._next)

    def process(self, *slots: OpenSlot) -> int | None:
        self._next = time.perf_counter() + EVERY
        return super().process(*slots)
