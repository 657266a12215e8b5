"""How like the original something sounds. PESQ and STOI where their packages are."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from workers.voice import _lyra, _soundstream
from workers.voice._codecs import LYRA, SOUNDSTREAM
from workers.voice._conceal import Concealing
from workers.voice._opus import through_opus
from workers.voice._pcm import pcm_of
from workers.voice._resampled import resampled

CODECS = (
    *(("lyra", kbps) for kbps in (3.2, 6.0, 9.2)),
    *(("soundstream", kbps) for kbps in (3.0, 6.0, 12.0, 18.0)),
    *(("opus", kbps) for kbps in (6.0, 8.0, 12.0, 16.0)),
)
RATE, OWN_RATE = _lyra.RATE, SOUNDSTREAM.rate
BANDS, WINDOW, QUIET = 24, 512, 1e-4
Pcm = npt.NDArray[np.int16]


class Judged(NamedTuple):
    pesq: float | None
    stoi: float | None
    decibels_off: float


def judged(pcm: Pcm, codec: str, kbps: float, lost: float = 0.0, seed: int = 1) -> Judged:
    """`pcm` is at 16 kHz; `lost` is the share of packets that never arrive, of Lyra's."""
    if codec == "lyra":
        heard = through_lyra(pcm, kbps, lost, seed)
    elif codec == "soundstream":
        heard = resampled(through_soundstream(resampled(pcm, RATE, OWN_RATE), kbps), OWN_RATE, RATE)
    else:
        heard = through_opus(pcm, RATE, kbps)
    length = min(len(pcm), len(heard))
    return judge(pcm[:length], heard[:length])


def through_lyra(pcm: Pcm, kbps: float, lost: float = 0.0, seed: int = 1) -> Pcm:
    """As it is heard."""
    encode, said, random = _lyra.Encoder(), Concealing(_lyra.Decoder()), np.random.default_rng(seed)
    heard = []
    for frame in _frames(pcm, LYRA.frame):
        indices = encode(frame, LYRA.books_for(kbps))
        heard.append(said.missed(_lyra.FRAME) if random.random() < lost else said.heard(indices))
    return pcm_of(np.concatenate(heard))


def through_soundstream(pcm: Pcm, kbps: float, denoise: bool = False) -> Pcm:
    """At 24 kHz, both; by the built-in weights."""
    encode, decode, books = _soundstream.Encoder(), _soundstream.Decoder(), SOUNDSTREAM.books_for(kbps)
    decode.denoise = denoise
    return pcm_of(np.concatenate([decode(encode(frame, books)) for frame in _frames(pcm, SOUNDSTREAM.frame)]))


def _frames(pcm: Pcm, length: int) -> Iterator[Pcm]:
    """The whole ones."""
    for at in range(0, len(pcm) - length + 1, length):
        yield pcm[at : at + length]


def judge(pcm: Pcm, heard: Pcm) -> Judged:
    """Both as long, at 16 kHz, and in time with each other."""
    return Judged(_pesq(pcm, heard), _stoi(pcm, heard), decibels_off(pcm, heard))


def decibels_off(pcm: Pcm, heard: Pcm) -> float:
    """How far the level of a band is from the original's at a moment, on average over what can be heard."""
    one, other = _levels(pcm), _levels(heard)
    return float(np.abs(one - other)[_audible(one)].mean())


def is_silent(pcm: Pcm) -> bool:
    """Nothing can be said of how like it something sounds."""
    return not _audible(_levels(pcm)).any()


def _audible(levels: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    return np.asarray(levels > 20 * np.log10(QUIET), np.bool_)


def _levels(pcm: Pcm) -> npt.NDArray[np.float64]:
    windows = np.lib.stride_tricks.sliding_window_view(pcm / 32768, WINDOW)[:: WINDOW // 2]
    power = np.abs(np.fft.rfft(windows * np.hanning(WINDOW), axis=1)) ** 2 / WINDOW
    edges = np.unique(np.geomspace(3, WINDOW // 2, BANDS + 1).astype(int))
    bands = np.add.reduceat(power, edges[:-1], axis=1) / np.diff(edges)
    return np.asarray(10 * np.log10(bands + QUIET**2), np.float64)


def _pesq(pcm: Pcm, heard: Pcm) -> float | None:
    try:
        from pesq import NoUtterancesError, pesq
    except ImportError:
        return None
    try:
        return float(pesq(RATE, _sound(pcm), _sound(heard), "wb"))
    except NoUtterancesError:  # nobody says anything in it
        return None


def _stoi(pcm: Pcm, heard: Pcm) -> float | None:
    try:
        from pystoi import stoi
    except ImportError:
        return None
    return float(stoi(_sound(pcm), _sound(heard), RATE))


def _sound(pcm: Pcm) -> Any:
    return pcm / np.float32(32768)
