"""What a slot's line says of the frame in it."""

import re
from functools import lru_cache
from math import prod
from typing import Any, NamedTuple

import numpy as np

from shm import layout
from shm.errors import RingCorrupt
from shm.layout import (
    COLOUR,
    DTYPE,
    PTS,
    SHAPE_01,
    SHAPE_23,
    SOURCE_GENERATION,
    SOURCE_SEQ,
    SOURCE_SLOT,
    T_CAPTURE,
    T_PUBLISH,
)

MAX_DIMS = 4
_LOW = (1 << 32) - 1
_NUMBER = re.compile("[<>|][biufc][0-9]{1,2}")  # a dtype's string


Format = tuple[int, int, int]  # the words SHAPE_01, SHAPE_23 and DTYPE


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


@lru_cache(maxsize=64)
def pack_text(text: str) -> int:
    """Up to eight ASCII letters in a word. Raises ValueError."""
    if len(text) > 8:  # once for each text: what it gives is kept
        raise ValueError(f"{text!r} is longer than 8 letters")
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
def pack_format(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Format:
    """The words of a shape and its dtype. Raises TypeError."""
    padded = (*shape, 0, 0, 0, 0)
    return padded[0] | padded[1] << 32, padded[2] | padded[3] << 32, pack_dtype(dtype, len(shape))


@lru_cache(maxsize=64)
def unpack_format(
    first: int, second: int, third: int, slot_bytes: int
) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Raises TypeError or ValueError when they name what no slot of this size can hold."""
    text, ndim = unpack_text(third & ((1 << 56) - 1)), third >> 56
    if not _NUMBER.fullmatch(text):  # numpy takes much more, and fails on rubbish with SyntaxError
        raise ValueError(f"no such dtype: {text!r}")
    dtype = np.dtype(text)
    shape = (first & _LOW, first >> 32, second & _LOW, second >> 32)[:ndim]
    if not 1 <= ndim <= MAX_DIMS or not 0 < prod(shape) * dtype.itemsize <= slot_bytes:
        raise ValueError(f"{ndim} dimensions {shape} of {dtype}")
    return shape, dtype


def read_format(spec: layout.RingSpec, slot: int, form: Format) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and dtype of the frame in a slot. Raises RingCorrupt when no frame can have them."""
    try:
        return unpack_format(*form, spec.slot_bytes)
    except (TypeError, ValueError) as error:
        raise RingCorrupt(spec.name, f"slot {slot}: {error}") from error


def read_info(spec: layout.RingSpec, words: layout.Words, slot: int, seq: int) -> FrameInfo:
    """The line of a leased slot. Raises RingCorrupt when it names what no frame can be."""
    at = spec.slot_at[slot]
    shape, dtype = read_format(spec, slot, (words[at + SHAPE_01], words[at + SHAPE_23], words[at + DTYPE]))
    pts = words[at + PTS]
    return FrameInfo(  # by position: names take twice as long
        seq,
        slot,
        spec.generation,
        words[at + T_CAPTURE],
        words[at + T_PUBLISH],
        Source(words[at + SOURCE_GENERATION], words[at + SOURCE_SEQ], words[at + SOURCE_SLOT]),
        pts - (1 << 64) if pts >> 63 else pts,
        shape,
        dtype,
        unpack_text(words[at + COLOUR]),
    )
