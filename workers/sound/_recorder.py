"""What a microphone hears, or what this machine plays, by the package SoundCard: PulseAudio (or PipeWire in
its place) on Linux, WASAPI on Windows, CoreAudio on a Mac."""

import sys
from typing import Any

import numpy as np
import numpy.typing as npt

from workers.voice._pcm import pcm_of

Pcm = npt.NDArray[np.int16]
Sound = npt.NDArray[np.float32]


class NoSound(Exception):
    """What is missing, and what to do."""


def soundcard() -> Any:
    """The package; it asks the system for its sound when it is imported. Raises NoSound."""
    try:
        import soundcard as package  # not above: every process that looks at settings imports this
    except (ImportError, OSError, AssertionError, RuntimeError) as error:
        why = f" ({error})" if str(error) else ""
        raise NoSound(
            f"this system's sound cannot be reached{why}; on Linux PulseAudio has to run"
        ) from error
    return package


def forget_soundcard() -> None:
    """It asks the system for its sound once; where that has gone, the next import asks again."""
    for name in [name for name in sys.modules if name.split(".")[0] == "soundcard"]:
        del sys.modules[name]


class Recorder:
    """`which` is a part of a device's name; empty: the usual one. Raises NoSound."""

    def __init__(self, which: str, played: bool, rate: int, length: int, channels: int = 1) -> None:
        """`played`: what a speaker plays, instead of what a microphone hears."""
        package = soundcard()
        try:
            device = _played(package, which) if played else _microphone(package, which)
            self._opened = device.recorder(rate, channels=channels, blocksize=length)
            self._recorder = self._opened.__enter__()
        except (IndexError, RuntimeError, TypeError) as error:
            what = f"no device with {which!r} in its name" if which else f"no such device ({error})"
            raise NoSound(f"{what}; there is {', '.join(names(package, played)) or 'none'}") from error
        self.name, self._length = str(device.name), length

    def record(self) -> Pcm:
        """Of the first channel; waits for it. Raises RuntimeError where the device has gone."""
        heard = self._recorder.record(self._length)[:, 0]
        return pcm_of(heard)

    def record_all(self) -> Sound:
        """float32[n, channels]: as much as there is, and something at least. Raises RuntimeError."""
        return np.asarray(self._recorder.record(), np.float32)

    def close(self) -> None:
        self._opened.__exit__(None, None, None)


def names(package: Any, speakers: bool) -> list[str]:
    found = package.all_speakers() if speakers else package.all_microphones()
    return [str(device.name) for device in found]


def _microphone(package: Any, which: str) -> Any:
    return package.get_microphone(which) if which else package.default_microphone()


def _played(package: Any, which: str) -> Any:
    speaker = package.get_speaker(which) if which else package.default_speaker()
    return package.get_microphone(str(speaker.name), include_loopback=True)
