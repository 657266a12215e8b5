"""Sources that need another system, driven with stand-ins in this process."""

import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tests.workers.one_process import open_slot
from workers.worker import Host

STAND_INS = Path(__file__).parents[1] / "stand_ins"
MONITORS = [
    {"left": 0, "top": 0, "width": 640, "height": 360},
    {"left": 640, "top": 0, "width": 640, "height": 360},
]
LARGEST = 1280 * 720 * 3


@dataclass
class Watched:
    """A source, what it tells, and the file that gives its stand-in trouble."""

    make: Callable[[Host], Any]
    trouble_file: Path
    told: list[str] = field(default_factory=list)
    worker: Any = None

    def open(self) -> None:
        host = Host(lambda what, limit: nullcontext(), lambda kind, **what: self.told.append(kind), 1)
        self.worker = self.make(host)
        self.worker.open()

    def trouble(self, *words: str) -> None:
        self.trouble_file.write_text(" ".join(words))

    def step(self) -> np.ndarray | None:
        """What it publishes now."""
        time.sleep(max(0.0, min(0.2, self.worker.due() - time.perf_counter())))
        if time.perf_counter() < self.worker.due():
            return None
        slot = open_slot(LARGEST)
        if self.worker.process(slot, None) is None:
            return None
        return np.array(slot.view(slot.shape))

    def picture(self, limit: float = 10.0) -> np.ndarray:
        end = time.monotonic() + limit
        while time.monotonic() < end:
            picture = self.step()
            if picture is not None:
                return picture
        raise AssertionError(f"no picture in {limit:.0f} s")

    def until_still(self) -> None:
        """What was on its way has come."""
        quiet = time.monotonic()
        while time.monotonic() - quiet < 0.4:
            if self.step() is not None:
                quiet = time.monotonic()

    def until(self, kind: str, limit: float = 10.0) -> None:
        """It has told this, from here on."""
        end = time.monotonic() + limit
        while kind not in self.told:
            assert time.monotonic() < end, f"never told {kind!r}"
            self.step()
        self.told.clear()
