"""What sources that record have in common."""

import time

import numpy as np

from shm.lease import OpenSlot
from workers.sound._recorder import Recorder
from workers.sound._soundcard import GONE, TRY_AGAIN, NoSound, forget_gone
from workers.sound._source import SoundSource


class LiveSource(SoundSource):
    """Waits for a device that is not there, and says so once."""

    def recorder(self) -> Recorder:
        """Raises NoSound."""
        raise NotImplementedError

    def open(self) -> None:
        self._recorder: Recorder | None = None
        self._due, self._said = 0.0, ""

    def close(self) -> None:
        if self._recorder is not None:
            self._recorder.close()

    def due(self) -> float:
        return self._due

    def process(self, pcm: OpenSlot) -> int | None:
        try:
            if self._recorder is None:
                self._begin()
            assert self._recorder is not None
            heard = self._recorder.record()
        except NoSound as error:
            self._wait(str(error))
            return None
        except GONE as error:
            self._wait(f"the sound's device has gone ({error})")
            return None
        pcm.view(heard.shape, np.int16)[:] = heard
        return time.perf_counter_ns() - round(1e9 * self.codec.frame / self.codec.rate)

    def _begin(self) -> None:
        self._recorder = self.recorder()
        self.log.info("%s", self._recorder.name)
        if self._said:
            self._said = ""
            self.host.tell("ready")

    def _wait(self, why: str) -> None:
        """The recorder is not closed: without its system that would not end."""
        self._recorder, self._due = None, time.perf_counter() + TRY_AGAIN
        forget_gone()
        if not self._said:
            self.host.tell("away")
        if why != self._said:
            self._said = why
            self.log.error("%s; it is waited for", why)
