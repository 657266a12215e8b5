"""Lyra's residual quantiser (arXiv 2107.03312, section 3.3) as a table.

The published network runs 46 little steps one after the other, which costs a frame as much as both big
networks do. What its books hold is asked of its own `decode` once; a test holds the two together.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

BOOKS, BITS, FEATURES = 46, 4, 64
CODES = 2**BITS  # in a book
NO_BOOK = -1  # in the place of an index: nothing is added
Features = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int32]


class Books:
    def __init__(self, codes: Features) -> None:
        """`codes` float32[BOOKS, CODES, FEATURES]."""
        self._codes = rows = codes.reshape(-1, FEATURES)
        self._begins = CODES * np.arange(BOOKS)
        self._rows, self._norms = 2 * rows, np.square(rows).sum(axis=1)
        self._shared = 2 * rows @ rows.T

    def encode(self, features: Features, books: int) -> Indices:
        """The nearest code of each book to what those before it leave: |r - c|² is least where 2 r·c - |c|²
        is most, and a code c' that is taken away from r takes 2 c'·c from all of these at once."""
        near = self._rows @ features - self._norms
        indices = np.empty(books, np.int32)
        for book in range(books):
            begin = book * CODES
            indices[book] = index = near[begin : begin + CODES].argmax()
            near -= self._shared[begin + index]
        return indices

    def decode(self, indices: Indices) -> Features:
        """float32[FEATURES]."""
        chosen = self._codes.take(indices + self._begins[: len(indices)], axis=0)
        found: Features = np.add.reduce(chosen, axis=0)
        return found


def books_of(decode: Any) -> Books:
    """`decode` is the network's: int32[BOOKS, 1, 1] → float32[1, 1, FEATURES], a sum with an addend of each
    book."""
    codes = np.empty((BOOKS, CODES, FEATURES), np.float32)
    asked = np.full((BOOKS, 1, 1), NO_BOOK, np.int32)
    for book in range(BOOKS):
        for index in range(CODES):
            asked[book] = index
            codes[book, index] = decode(encoding_indices=asked)["output_0"].ravel()
        asked[book] = NO_BOOK
    return Books(codes)
