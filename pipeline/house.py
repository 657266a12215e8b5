"""The house that a worker is handed: it reads the figures from the launcher's segments, looks at the machine
itself, and sends the rest as errands to the launcher's desk. Connects, and imports what takes long, when it
is first asked; most workers never ask."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pipeline.addresses import NoAddress, NotRunning, meeting_place
from workers.house import Answer, Refused

if TYPE_CHECKING:
    from pipeline.attach import Onlooker
    from pipeline.stats import Observer

FRESH = 0.2  # seconds; who asks again so soon gets the same figures, or rates would be over next to nothing


class LauncherHouse:
    """workers.house.House, over the desk of the launcher with this process id. For any thread."""

    def __init__(self, launcher_pid: int) -> None:
        self._launcher_pid = launcher_pid
        self._observing, self._sending = threading.Lock(), threading.Lock()
        self._observer: Observer | None = None
        self._onlooker: Onlooker | None = None
        self._figures: Answer = {}
        self._looked = -FRESH  # time.monotonic(); the other clock may be set back

    def figures(self) -> Answer:
        with self._observing, _told_plainly():
            if time.monotonic() - self._looked > FRESH:
                self._figures, self._looked = self._watched().figures(), time.monotonic()
            return self._figures

    def log_tail(self, since: int) -> Answer:
        return self._send("log_tail", since=since)

    def schema(self) -> Answer:
        return self._send("schema")

    def settings(self) -> Answer:
        return self._send("settings")

    def change(self, section: str, key: str, value: Any, save: bool) -> Answer:
        return self._send("change", section=section, key=key, value=value, save=save)

    def reset(self, section: str, key: str, save: bool) -> Answer:
        return self._send("reset", section=section, key=key, save=save)

    def use_profile(self, name: str | None) -> Answer:
        return self._send("use_profile", name=name)

    def worker(self, name: str, what: str) -> Answer:
        return self._send("worker", name=name, what=what)

    def devices(self) -> Answer:
        from pipeline.devices import devices

        return devices()

    def thumbnail(self, kind: str, which: int | str) -> bytes:
        from pipeline.devices import thumbnail

        return thumbnail(kind, which)

    def models(self) -> Answer:
        from pipeline.model_list import model_list

        return model_list(self._send("downloads"))

    def download(self, name: str) -> Answer:
        return self._send("download", name=name)

    def cancel_download(self, name: str) -> Answer:
        return self._send("cancel_download", name=name)

    def meeting_place(self, name: str) -> str:
        with _told_plainly():
            return meeting_place(self._launcher_pid, name)

    def _send(self, errand: str, **arguments: Any) -> Answer:
        from pipeline.attach import Onlooker

        with self._sending, _told_plainly():
            if self._onlooker is None:
                self._onlooker = Onlooker(self._launcher_pid)
            answer: Answer = self._onlooker.send(errand, **arguments)
            return answer

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
