"""Plays what is heard, by the package SoundCard."""

import time
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from shm.layout import Mode
from shm.lease import Lease
from workers.sinks._drift import Drift
from workers.voice import _pace
from workers.voice._codecs import rate_of
from workers.worker import CannotWork, Worker

BUFFER = 0.06  # seconds that the system keeps; more is late, less breaks off when the machine is busy
LONGEST_WAIT = 0.5  # seconds; what has waited longer, while the speaker was away, is not played any more


@dataclass(frozen=True)
class Settings:
    """Which speaker."""

    which: str = ""


class Speaker(Worker):
    """A part of its name; empty: the usual one."""

    reads = "sound"
    shares = _pace.SECTIONS

    @classmethod
    def mode_for(cls, settings: SimpleNamespace) -> Mode:
        return _pace.to_here(settings)

    def open(self) -> None:
        try:
            import soundcard  # asks the system for its sound when it is imported

            which = self.settings.speaker.which
            self._device = soundcard.get_speaker(which) if which else soundcard.default_speaker()
        except (ImportError, OSError, AssertionError, RuntimeError, IndexError, TypeError) as error:
            why = f" ({error})" if str(error) else ""
            raise CannotWork(
                f"speaker: no such speaker, or this system's sound cannot be reached{why}; on Linux "
                "PulseAudio has to run; `--set sinks=wav` does without"
            ) from error
        self._player: Any = None
        self.log.info("%s", self._device.name)

    def process(self, sound: Lease) -> None:
        rate = rate_of(sound.info.colour)
        if self._player is None:
            self._opened = self._device.player(rate, channels=1, blocksize=round(BUFFER * rate))
            self._player = self._opened.__enter__()
            self._drift = Drift(BUFFER, rate)
        age = (time.perf_counter_ns() - sound.info.t_publish) / 1e9
        if age > LONGEST_WAIT:
            return
        in_system = getattr(self._player, "latency", 0.0)  # the package knows it on Linux alone
        heard = np.asarray(sound.frame / 32768, np.float32)
        self._player.play(self._drift(heard, age + min(in_system, 2 * BUFFER)))

    def close(self) -> None:
        if self._player is not None:
            self._opened.__exit__(None, None, None)
