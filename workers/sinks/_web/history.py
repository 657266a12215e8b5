"""The last ten minutes of the house's figures, one sample a second, kept while somebody looks at them."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from workers.house import Refused

KEPT = 600  # samples
EVERY = 1.0  # seconds
LOOKED_AT = 60.0  # seconds after somebody has asked in which samples go on
Sample = dict[str, Any]


class History:
    """`look` gets the figures; it may raise Refused."""

    def __init__(self, look: Callable[[], Awaitable[Sample]]) -> None:
        self._look = look
        self._samples: deque[Sample] = deque(maxlen=KEPT)
        self._asked = 0.0
        self._sampling: asyncio.Task[None] | None = None
        self.why_not: str | None = None
        """Why there is no new sample."""

    def since(self, moment: float) -> list[Sample]:
        """The samples after that time. More come, now that somebody has asked."""
        self._asked = time.monotonic()
        if self._sampling is None or self._sampling.done():
            self._sampling = asyncio.ensure_future(self._sample())
        return [sample for sample in self._samples if sample["time"] > moment]

    def close(self) -> None:
        if self._sampling is not None:
            self._sampling.cancel()

    async def _sample(self) -> None:
        while time.monotonic() - self._asked < LOOKED_AT:
            due = time.monotonic() + EVERY
            try:
                self._samples.append(small(await self._look()))
                self.why_not = None
            except Refused as why:
                self.why_not = str(why)
            await asyncio.sleep(max(0.0, due - time.monotonic()))


def small(figures: Sample) -> Sample:
    """What is plotted of the figures: a tenth of their size."""
    return {
        "time": figures["time"],
        "machine": _of(figures["machine"], "cpu_percent", "memory_percent", "gpus"),
        "launcher": _of(figures["launcher"], "cpu_percent", "rss_mb"),
        "workers": [
            _of(
                worker,
                "name",
                "state",
                "busy",
                "restarts",
                "lost",
                "level_db",
                "fps",
                "cpu_percent",
                "rss_mb",
            )
            | {key: _rounded(worker[key]) for key in ("wait_ms", "work_ms", "latency_ms")}
            for worker in figures["workers"]
        ],
        "rings": [
            _of(ring, "name", "state", "fps", "no_slot")
            | {"dropped": sum(reader["dropped"] for reader in ring["readers"])}
            for ring in figures["rings"]
        ],
    }


def _of(figures: Sample, *keys: str) -> Sample:
    return _rounded({key: figures[key] for key in keys})


def _rounded(figures: Sample) -> Sample:
    return {key: round(value, 2) if isinstance(value, float) else value for key, value in figures.items()}
