"""SoundStream's books: which entries are taken, and what they add up to."""

from pathlib import Path

import numpy as np
import pytest

from workers.models import ModelError
from workers.voice._soundstream import Decoder
from workers.voice._soundstream_books import BOOKS, ENTRIES, Books, Features, Indices, Nearest

DIMENSION = 8


@pytest.fixture(scope="module")
def entries() -> Features:
    """Each book's are smaller than those before it, as of a residual quantiser."""
    random = np.random.default_rng(1)
    sizes = 0.8 ** np.arange(BOOKS)[:, None, None]
    return (sizes * random.standard_normal((BOOKS, ENTRIES, DIMENSION))).astype(np.float16)


@pytest.fixture(scope="module")
def books(entries: Features, tmp_path_factory: pytest.TempPathFactory) -> Books:
    file = tmp_path_factory.mktemp("books") / "books.bin"
    entries.tofile(file)
    return Books(file, DIMENSION)


def vectors(count: int) -> Features:
    return 2 * np.random.default_rng(2).standard_normal((count, DIMENSION)).astype(np.float32)


def one_after_the_other(entries: Features, vector: Features, count: int) -> Indices:
    chosen = []
    for book in entries[:count].astype(np.float32):
        chosen.append(int(np.square(vector - book).sum(1).argmin()))
        vector = vector - book[chosen[-1]]
    return np.array(chosen, np.int32)


def test_of_one_book_it_is_the_nearest_entry(entries: Features, books: Books) -> None:
    nearest = Nearest(books)
    for vector in vectors(50):
        assert np.array_equal(nearest(vector, 1), one_after_the_other(entries, vector, 1))


@pytest.mark.parametrize("count", [4, 8])
def test_of_several_books_the_sum_is_nearer_than_of_the_nearest_of_each(
    entries: Features, books: Books, count: int
) -> None:
    nearest = Nearest(books)
    off = np.array([
        [
            np.square(vector - books.sum(chosen)).sum()
            for chosen in (nearest(vector, count), one_after_the_other(entries, vector, count))
        ]
        for vector in vectors(200)
    ])  # fmt: skip
    assert (off[:, 0] <= off[:, 1] + 1e-5).mean() > 0.7
    assert off[:, 0].mean() < 0.8 * off[:, 1].mean()


def test_what_is_chosen_adds_up_to_the_entries(entries: Features, books: Books) -> None:
    chosen = Nearest(books)(vectors(1)[0], BOOKS)
    assert chosen.dtype == np.int32
    assert chosen.shape == (BOOKS,)
    summed = entries.astype(np.float32)[np.arange(BOOKS), chosen].sum(0)
    assert np.allclose(books.sum(chosen), summed, atol=1e-5)
    assert not books.sum(chosen[:0]).any(), "of no book there is nothing"


def test_a_file_that_is_not_these_books_is_named(tmp_path: Path) -> None:
    np.zeros(10, np.float16).tofile(tmp_path / "books.bin")
    with pytest.raises(ValueError, match="its 20 bytes are not 24 x 1024 x 8 halves"):
        Books(tmp_path / "books.bin", DIMENSION)
    with pytest.raises(ModelError, match=r"soundstream_decoder\.onnx cannot be read"):
        Decoder(str(tmp_path))
