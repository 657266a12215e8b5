"""A packet: one byte that says how many books follow (its highest bit: here a stream begins), then their
indices, the first book first, without gaps, the last byte filled up with zeros.

Whoever passes it on may cut it: what is left is the same sound at fewer bits. One with no books stands for
one that was lost.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

BEGINS, COUNT = 0x80, 0x7F
LOST = bytes(1)


class Packet(NamedTuple):
    """`indices` is empty for one that was lost."""

    indices: npt.NDArray[np.int32]
    begins: bool


def pack(indices: npt.NDArray[np.int32], bits: int, begins: bool) -> bytes:
    """`bits` for each index."""
    length, number = (len(indices) * bits + 7) // 8, 0
    for index in indices.tolist():
        number = number << bits | index
    number <<= 8 * length - len(indices) * bits
    return bytes([len(indices) | (BEGINS if begins else 0)]) + number.to_bytes(length, "big")


def unpack(data: bytes, bits: int, most: int) -> Packet:
    """As many books as are really there. Raises ValueError for what no packet can be."""
    if not data:
        raise ValueError("a packet has at least one byte")
    books = data[0] & COUNT
    if books > most:
        raise ValueError(f"a packet of {books} books, where there are {most}")
    books = min(books, 8 * (len(data) - 1) // bits)
    number, end, mask = int.from_bytes(data[1:], "big"), 8 * (len(data) - 1), (1 << bits) - 1
    indices = [number >> end - bits * (book + 1) & mask for book in range(books)]
    return Packet(np.array(indices, np.int32), bool(data[0] & BEGINS))


def cut(data: bytes, bits: int, books: int) -> bytes:
    """The same packet with fewer books, for a line that carries less."""
    kept = min(data[0] & COUNT, books)
    end = 1 + (kept * bits + 7) // 8
    cleared = bytearray(data[:end])
    cleared[0] = kept | data[0] & BEGINS
    if spare := -kept * bits % 8:
        cleared[-1] &= 0xFF << spare & 0xFF
    return bytes(cleared)


def nbytes(books: int, bits: int) -> int:
    return 1 + (books * bits + 7) // 8
