"""Plays what is heard."""

import sys
import time
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from shm.layout import Mode
from shm.lease import Lease
from workers.sinks._coreaudio import CoreAudioPlayer
from workers.sinks._drift import Drift
from workers.sinks._wasapi import WasapiPlayer
from workers.sound._soundcard import (
    GONE,
    TRY_AGAIN,
    NoSound,
    block_of,
    forget_gone,
    names,
    no_device,
    soundcard,
    speaker_of,
)
from workers.voice import _pace
from workers.voice._codecs import rate_of
from workers.worker import Worker

BUFFER = 0.06  # seconds that the system keeps; more is late, less breaks off when the machine is busy
ROOM = 2 * BUFFER if sys.platform == "win32" else BUFFER  # that is asked for: Windows takes no more than that
WRAPPERS = {"darwin": CoreAudioPlayer, "win32": WasapiPlayer}
LONGEST_WAIT = 0.5  # seconds; what has waited longer, while the speaker was away, is not played any more


@dataclass(frozen=True)
class Settings:
    """Which speaker, by a part of its name; empty: the usual one."""

    which: str = ""


class Speaker(Worker):
    """Waits for one that is not there, and says so once."""

    reads = "sound"
    shares = _pace.SECTIONS

    @classmethod
    def mode_for(cls, settings: SimpleNamespace) -> Mode:
        return _pace.to_here(settings)

    def open(self) -> None:
        self._player: Any = None
        self._said, self._look_at = "", 0.0

    def process(self, sound: Lease) -> None:
        rate = rate_of(sound.info.colour)
        try:
            if self._player is not None or self._is_there(rate):
                self._play(sound)
        except NoSound as error:
            self._wait(str(error))
        except GONE as error:
            self._wait(f"the speaker has gone ({error})")

    def _is_there(self, rate: int) -> bool:
        if time.monotonic() < self._look_at:
            return False
        package, which = soundcard(), self.settings.speaker.which
        try:
            device = speaker_of(package, which)
            self._opened = device.player(rate, channels=1, blocksize=block_of(round(ROOM * rate)))
            self._player = self._opened.__enter__()
            if wrapper := WRAPPERS.get(sys.platform):
                self._player = wrapper(self._player, rate, BUFFER)
        except (IndexError, RuntimeError, TypeError) as error:
            raise no_device(which, error, names(package, speakers=True)) from error
        self._drift, self._said = Drift(BUFFER, rate), ""
        self.log.info("%s", device.name)
        return True

    def _play(self, sound: Lease) -> None:
        age = (time.perf_counter_ns() - sound.info.t_publish) / 1e9
        if age > LONGEST_WAIT:
            return
        heard = np.asarray(sound.frame / 32768, np.float32)
        self._player.play(self._drift(heard, age + min(self._player.latency, 2 * BUFFER)))

    def _wait(self, why: str) -> None:
        """The player is not closed: without its system that would not end."""
        self._player, self._look_at = None, time.monotonic() + TRY_AGAIN
        forget_gone()
        if why != self._said:
            self._said = why
            self.log.error("%s; it is waited for", why)

    def close(self) -> None:
        if self._player is not None:
            self._opened.__exit__(None, None, None)
