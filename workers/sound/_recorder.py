"""What a microphone hears, or what this machine plays."""

import sys
from typing import Any

import numpy as np
import numpy.typing as npt

from workers.sound._soundcard import block_of, names, no_device, soundcard, speaker_of
from workers.voice._pcm import pcm_of

Pcm = npt.NDArray[np.int16]
Sound = npt.NDArray[np.float32]


class Recorder:
    """`which` is a part of a device's name; empty: the usual one. Raises NoSound."""

    def __init__(self, which: str, played: bool, rate: int, length: int, channels: int = 1) -> None:
        """`played`: what a speaker plays, instead of what a microphone hears."""
        package = soundcard()
        try:
            device = _played(package, which) if played else _microphone(package, which)
            self._opened = device.recorder(rate, channels=channels, blocksize=block_of(length))
            self._recorder = self._opened.__enter__()
        except (IndexError, RuntimeError, TypeError) as error:
            raise no_device(which, error, names(package, played)) from error
        self.name, self._length = str(device.name), length

    def record(self) -> Pcm:
        """Of the first channel; waits for it. Raises one of GONE where the device has gone."""
        heard = self._recorder.record(self._length)[:, 0]
        return pcm_of(heard)

    def record_all(self) -> Sound:
        """float32[n, channels]: as much as there is, and something at least. Raises one of GONE."""
        return np.asarray(self._recorder.record(), np.float32)

    def close(self) -> None:
        self._opened.__exit__(None, None, None)


def _microphone(package: Any, which: str) -> Any:
    return package.get_microphone(which) if which else package.default_microphone()


def _played(package: Any, which: str) -> Any:
    """By its id: two speakers may have one name, and a headset's microphone that of its speaker."""
    speaker = speaker_of(package, which)
    heard = f"{speaker.id}.monitor" if sys.platform == "linux" else speaker.id
    return package.get_microphone(heard, include_loopback=True)
