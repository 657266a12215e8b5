"""The house that a worker is handed: it reads the figures from the launcher's segments itself, and asks for
the rest at the launcher's desk. Connects when it is first asked; most workers never ask."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pipeline.addresses import NoAddress, NotRunning
from workers.house import Answer, Refused

if TYPE_CHECKING:
    from pipeline.stats import Observer

FRESH = (
    0.2  # seconds; whoever asks again so soon gets the same figures, or rates would be over next to nothing
)


class LauncherHouse:
    """workers.house.House, over the desk of the launcher with this process id. For any thread."""

    def __init__(self, launcher_pid: int) -> None:
        self._launcher_pid = launcher_pid
        self._observing = threading.Lock()
        self._observer: Observer | None = None
        self._figures: Answer = {"time": 0.0}

    def figures(self) -> Answer:
        with self._observing, _told_plainly():
            if time.time() - self._figures["time"] > FRESH:
                self._figures = self._watched().figures()
            return self._figures

    def _watched(self) -> "Observer":
        if self._observer is None:
            from pipeline.stats import Observer  # psutil and NVML, which other workers do without

            self._observer = Observer(self._launcher_pid)
            self._observer.figures()  # rates need two looks
            time.sleep(FRESH)
        return self._observer


@contextmanager
def _told_plainly() -> Iterator[None]:
    """A worker knows nothing of the pipeline, nor of its errors."""
    try:
        yield
    except (NotRunning, NoAddress) as error:
        raise Refused(str(error)) from error
