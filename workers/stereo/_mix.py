"""How what both eyes see goes into the picture, row by row, compiled; colours as in _rows.py."""

import numpy as np
from numba import int32, uint32

from workers.stereo._compiled import compiled

BESIDE, COLOURS, ROWS, COLUMNS, CHEQUER, ONE = range(6)
"""Each eye has a place of its own; one place for both: mixed by colour, taking turns by row, column or both;
one eye alone."""


@compiled
def is_seen(mix, eye, phase, row):  # type: ignore[no-untyped-def]
    """Whether anything of this eye's row is in the picture."""
    if mix == ONE:
        return eye == phase % 2
    return mix != ROWS or (row + phase) % 2 == eye


@compiled
def halve(line):  # type: ignore[no-untyped-def]
    """Two pixels to one, in place."""
    for x in range(line.size // 2):
        line[x] = _mean(line[2 * x], line[2 * x + 1])


@compiled
def merge(line, other):  # type: ignore[no-untyped-def]
    """The mean of two rows, in the first."""
    for x in range(line.size):
        line[x] = _mean(line[x], other[x])


@compiled
def _mean(one, other):  # type: ignore[no-untyped-def]
    differs = uint32(uint32(uint32(one ^ other) >> uint32(1)) & uint32(0x7F7F7F7F))
    return uint32(uint32(one | other) - differs)


@compiled
def take_turns(left, right, mix, phase, row):  # type: ignore[no-untyped-def]
    """Every second pixel of the right eye's row, in the left one's."""
    first = phase + (row if mix == CHEQUER else 0)
    for x in range((first + 1) % 2, left.size, 2):
        left[x] = right[x]


@compiled
def mix_colours(left, right, matrix):  # type: ignore[no-untyped-def]
    """Each channel from all six of both eyes, matrix int32[3, 6] in 1024ths, in the left one's row."""
    for x in range(left.size):
        mixed = uint32(0)
        for k in range(3):
            total = int32(512)
            for j in range(3):
                seen_left = int32(uint32(left[x] >> uint32(8 * j)) & uint32(255))
                seen_right = int32(uint32(right[x] >> uint32(8 * j)) & uint32(255))
                total += int32(matrix[k, j] * seen_left) + int32(matrix[k, 3 + j] * seen_right)
            value = max(int32(0), min(int32(255), int32(total >> int32(10))))
            mixed = uint32(mixed | uint32(uint32(value) << uint32(8 * k)))
        left[x] = mixed


def in_1024ths(matrix: tuple[tuple[float, ...], ...]) -> np.ndarray[tuple[int, int], np.dtype[np.int32]]:
    return np.round(np.array(matrix) * 1024).astype(np.int32)
