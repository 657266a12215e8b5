"""A program that claps on this machine's speaker, on the left: 0.05 s of a tone, every second.

It is a process of its own: SoundCard asks the system for its sound when it is imported, and who listens
imports it anew when that has gone.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

RATE = 48_000


@contextmanager
def clapping() -> Iterator[None]:
    with subprocess.Popen([sys.executable, str(Path(__file__).resolve())]) as process:
        try:
            yield
        finally:
            process.kill()


def main() -> None:
    import soundcard

    sound = np.zeros((RATE // 10, 2), np.float32)
    clap = sound.copy()
    clap[: RATE // 20, 0] = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(RATE // 20) / RATE)
    with soundcard.default_speaker().player(RATE, channels=2, blocksize=480) as player:
        while True:
            for number in range(10):
                player.play(clap if number == 0 else sound)


if __name__ == "__main__":
    main()
