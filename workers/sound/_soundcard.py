"""The package SoundCard, which records and plays: PulseAudio (or PipeWire in its place) on Linux, WASAPI on
Windows, CoreAudio on a Mac."""

import atexit
import sys
import traceback
from typing import Any

TRY_AGAIN = 1.0  # seconds until a device that is not there is looked for again
COREAUDIO_BLOCK = 512  # samples; SoundCard refuses to hand a Mac's devices more at a time
GONE = (RuntimeError, OSError, TypeError, ValueError)
"""What it raises for a device that has gone, on one system or another."""


class NoSound(Exception):
    """What is missing, and what to do."""


def soundcard() -> Any:
    """The package; it asks the system for its sound when it is imported. Raises NoSound."""
    try:
        import soundcard as package  # not above: every process that looks at settings imports this
    except (ImportError, OSError, AssertionError, RuntimeError) as error:
        _close_half_open(error)
        why = f" ({error})" if str(error) else ""
        raise NoSound(
            f"this system's sound cannot be reached{why}; on Linux PulseAudio has to run"
        ) from error
    return package


def block_of(wanted: int) -> int:
    """How many samples a device is opened for at a time, where so many are wanted."""
    return min(wanted, COREAUDIO_BLOCK) if sys.platform == "darwin" else wanted


def forget_gone() -> None:
    """PulseAudio is asked once; where that server has gone, the next import asks again."""
    module = sys.modules.get("soundcard.pulseaudio")
    if module is None:
        return
    server = module._pulse
    if server._pa_context_get_state(server.context) == module._pa.PA_CONTEXT_READY:
        return  # it is only a device
    atexit.unregister(server._shutdown)
    server._shutdown()
    for name in [name for name in sys.modules if name.split(".")[0] == "soundcard"]:
        del sys.modules[name]


def _close_half_open(error: BaseException) -> None:
    """The package leaves a thread and three descriptors behind at each import without a server, and nothing
    that names them but the frame in which it failed."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        half_open: Any = frame.f_locals.get("self")
        if type(half_open).__name__ == "_PulseAudio":
            half_open._shutdown()  # its own, which it leaves to the end of the program


def speaker_of(package: Any, which: str) -> Any:
    """The one with this in its name; empty: the usual one. Raises what SoundCard does for none."""
    return package.get_speaker(which) if which else package.default_speaker()


def names(package: Any, speakers: bool) -> list[str]:
    """Of the devices that there are."""
    found = package.all_speakers() if speakers else package.all_microphones()
    return [str(device.name) for device in found]


def no_device(which: str, error: Exception, there: list[str]) -> NoSound:
    """`which` is a part of the name that was looked for, `there` are the names that there are."""
    what = f"no device with {which!r} in its name" if which else f"no such device ({error})"
    return NoSound(f"{what}; there is {', '.join(there) or 'none'}")
