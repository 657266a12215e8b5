"""Real speech, and what is known of it."""

import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from workers.sound._reading import read_whole

Pcm = npt.NDArray[np.int16]


def needs_voice() -> pytest.MarkDecorator:
    """The networks and the clips; where they are missing a test skips and says what."""
    missing = [name for name in ("STEREORING_MODELS", "STEREORING_DATA") if not os.environ.get(name)]
    return pytest.mark.skipif(bool(missing), reason=f"not set: {', '.join(missing)}")


def clip(name: str = "voice/lyra_sample1_16kHz.wav") -> Path:
    return Path(os.environ["STEREORING_DATA"]) / name


def speech(name: str = "voice/lyra_sample1_16kHz.wav", seconds: float = 3.0, rate: int = 16000) -> Pcm:
    return read_whole(str(clip(name)), rate)[: round(seconds * rate)]


def tone(hertz: float, seconds: float, rate: int = 16000, loud: float = 0.3) -> Pcm:
    at = np.arange(round(seconds * rate)) / rate
    return np.asarray(32767 * loud * np.sin(2 * np.pi * hertz * at), np.int16)


def loudness(sound: npt.NDArray[np.float32]) -> float:
    return float(np.sqrt(np.mean(np.square(sound, dtype=np.float64))))
