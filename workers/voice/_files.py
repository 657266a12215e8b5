"""Whole files of speech: into packets, and back."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from workers.voice import _lyra, _lyra_books
from workers.voice._codecs import LYRA
from workers.voice._conceal import Concealing
from workers.voice._container import Writer
from workers.voice._packets import pack, unpack
from workers.voice._pcm import pcm_of

Pcm = npt.NDArray[np.int16]


class Written(NamedTuple):
    """How long it is, and how large."""

    seconds: float
    nbytes: int


def encode(frames: Iterator[Pcm], path: Path, kbps: float) -> Written:
    """`frames` of any length; the last one is filled up, and cut again by who decodes it."""
    coder, books, samples = _lyra.Encoder(), LYRA.books_for(kbps), 0
    with Writer(path) as writer:
        for pcm in frames:
            whole = np.concatenate([pcm, np.zeros(_lyra.FRAME - len(pcm), np.int16)])
            writer.add(pack(coder(whole, books), _lyra_books.BITS, begins=samples == 0))
            samples += len(pcm)
        writer.samples = samples
    return Written(samples / _lyra.RATE, path.stat().st_size)


def decoded(packets: Iterator[bytes], samples: int | None) -> Iterator[Pcm]:
    """What is heard, at most `samples` of it; raises what `packets` raises."""
    said, left = Concealing(_lyra.Decoder()), samples
    for data in packets:
        indices = unpack(data, _lyra_books.BITS, _lyra_books.BOOKS).indices
        sound = said.heard(indices) if len(indices) else said.missed(_lyra.FRAME)
        pcm = pcm_of(sound)[:left]
        left = None if left is None else left - len(pcm)
        yield pcm
