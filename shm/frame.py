"""What a slot's line says of the frame in it."""

import re
import time
from functools import lru_cache
from math import prod
from typing import Any, NamedTuple

import numpy as np

from shm import layout
from shm.errors import RingCorrupt

MAX_DIMS = 4
_LOW = (1 << 32) - 1
_NUMBER = re.compile("[<>|][biufc][0-9]{1,2}")  # a dtype's string


class Source(NamedTuple):
    """The slot of another ring that a frame was made from."""

    generation: int
    seq: int
    slot: int


NO_SOURCE = Source(0, 0, 0)


class FrameInfo(NamedTuple):
    """A slot's line. Times are `time.perf_counter_ns()`; pts in microseconds; colour at most 8 letters."""

    seq: int
    slot: int
    generation: int
    t_capture: int
    t_publish: int
    source: Source
    pts: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    colour: str

    @property
    def as_source(self) -> Source:
        """This slot, as the source of what is made from it."""
        return Source(self.generation, self.seq, self.slot)


def pack_text(text: str) -> int:
    """Up to eight ASCII letters in a word."""
    return int.from_bytes(text.encode("ascii").ljust(8, b"\0"), "little")


@lru_cache(maxsize=64)
def unpack_text(word: int) -> str:
    return word.to_bytes(8, "little").rstrip(b"\0").decode("ascii", "replace")


@lru_cache(maxsize=64)
def pack_dtype(dtype: np.dtype[Any], ndim: int) -> int:
    """numpy's type string in seven bytes, the number of dimensions in the eighth."""
    if not _NUMBER.fullmatch(dtype.str):
        raise TypeError(f"a slot holds plain numbers, not {dtype}")
    return pack_text(dtype.str) | ndim << 56


@lru_cache(maxsize=64)
def unpack_dtype(word: int) -> tuple[np.dtype[Any], int]:
    text = unpack_text(word & ((1 << 56) - 1))
    if not _NUMBER.fullmatch(text):  # numpy takes much more, and fails on rubbish with SyntaxError
        raise ValueError(f"no such dtype: {text!r}")
    return np.dtype(text), word >> 56


def pack_shape(shape: tuple[int, ...]) -> tuple[int, int]:
    padded = (*shape, 0, 0, 0, 0)
    return padded[0] | padded[1] << 32, padded[2] | padded[3] << 32


def read_info(spec: layout.RingSpec, words: layout.Words, slot: int, seq: int) -> FrameInfo:
    """The line of a leased slot. Raises RingCorrupt when it names what no frame can be."""
    at = spec.slot_at[slot]
    first, second = words[at + layout.SHAPE_01], words[at + layout.SHAPE_23]
    try:
        dtype, ndim = unpack_dtype(words[at + layout.DTYPE])
    except (TypeError, ValueError) as error:
        raise RingCorrupt(spec.name, f"slot {slot}: {error}") from error
    shape = (first & _LOW, first >> 32, second & _LOW, second >> 32)[:ndim]
    if not 1 <= ndim <= MAX_DIMS or not 0 < prod(shape) * dtype.itemsize <= spec.slot_bytes:
        raise RingCorrupt(spec.name, f"slot {slot}: {ndim} dimensions {shape} of {dtype}")
    pts = words[at + layout.PTS]
    return FrameInfo(
        seq=seq,
        slot=slot,
        generation=spec.generation,
        t_capture=words[at + layout.T_CAPTURE],
        t_publish=words[at + layout.T_PUBLISH],
        source=Source(
            words[at + layout.SOURCE_GENERATION],
            words[at + layout.SOURCE_SEQ],
            words[at + layout.SOURCE_SLOT],
        ),
        pts=pts - (1 << 64) if pts >> 63 else pts,
        shape=shape,
        dtype=dtype,
        colour=unpack_text(words[at + layout.COLOUR]),
    )


def write_info(
    words: layout.Words,
    at: int,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    t_capture: int,
    source: Source,
    pts: int,
    colour: str,
) -> None:
    """Fill the line at word `at`, all but its seq."""
    words[at + layout.T_CAPTURE] = t_capture
    words[at + layout.SOURCE_GENERATION] = source.generation
    words[at + layout.SOURCE_SEQ], words[at + layout.SOURCE_SLOT] = source.seq, source.slot
    words[at + layout.PTS] = pts & ((1 << 64) - 1)
    words[at + layout.SHAPE_01], words[at + layout.SHAPE_23] = pack_shape(shape)
    words[at + layout.DTYPE] = pack_dtype(dtype, len(shape))
    words[at + layout.COLOUR] = pack_text(colour)
    words[at + layout.T_PUBLISH] = time.perf_counter_ns()
