"""What sources that record have in common."""

import time

import numpy as np

from shm.lease import OpenSlot
from workers.sound._recorder import NoSound, Recorder
from workers.sound._source import SoundSource
from workers.worker import CannotWork

TRY_AGAIN = 1.0  # seconds until a device that has gone is looked for again


class LiveSource(SoundSource):
    """Waits for a device that goes away."""

    def recorder(self) -> Recorder:
        """Raises NoSound."""
        raise NotImplementedError

    def open(self) -> None:
        try:
            self._recorder: Recorder | None = self.recorder()
        except NoSound as error:
            raise CannotWork(str(error)) from error
        self._due = 0.0
        self.log.info("%s", self._recorder.name)

    def close(self) -> None:
        if self._recorder is not None:
            self._recorder.close()

    def due(self) -> float:
        return self._due

    def process(self, pcm: OpenSlot) -> int | None:
        if self._recorder is None and not self._is_back():
            return None
        assert self._recorder is not None
        try:
            heard = self._recorder.record()
        except RuntimeError as error:
            self.log.error("%s has gone (%s); it is waited for", self._recorder.name, error)
            self.host.tell("away")
            self._recorder = None
            return None
        pcm.view(heard.shape, np.int16)[:] = heard
        return time.perf_counter_ns() - round(1e9 * self.codec.frame / self.codec.rate)

    def _is_back(self) -> bool:
        try:
            self._recorder = self.recorder()
        except NoSound:
            self._due = time.perf_counter() + TRY_AGAIN
            return False
        self.host.tell("ready")
        return True
