"""Packets: how many bits there are, what may be cut, what is refused."""

import numpy as np
import pytest

from workers.voice._packets import LOST, cut, nbytes, pack, unpack


@pytest.mark.parametrize(("bits", "most"), [(4, 46), (10, 24)])
def test_contract_a_packet_is_exactly_books_times_bits_and_comes_out_as_it_went_in(
    bits: int, most: int
) -> None:
    random = np.random.default_rng(1)
    for books in range(1, most + 1):
        indices = random.integers(0, 1 << bits, books, np.int32)
        data = pack(indices, bits, begins=books % 2 == 0)
        assert len(data) - 1 == -(-books * bits // 8)
        assert len(data) == nbytes(books, bits)
        found = unpack(data, bits, most)
        assert np.array_equal(found.indices, indices)
        assert found.begins == (books % 2 == 0)


@pytest.mark.parametrize(("bits", "most"), [(4, 46), (10, 24)])
def test_contract_a_relay_may_cut_a_packet_anywhere(bits: int, most: int) -> None:
    indices = np.random.default_rng(2).integers(0, 1 << bits, most, np.int32)
    data = pack(indices, bits, begins=True)
    for books in range(1, most + 1):
        assert cut(data, bits, books) == pack(indices[:books], bits, begins=True)
    for end in range(1, len(data)):  # one that does not even know what it cuts
        found = unpack(data[:end], bits, most).indices
        assert len(found) == (end - 1) * 8 // bits
        assert np.array_equal(found, indices[: len(found)])


def test_contract_one_without_books_stands_for_one_that_was_lost() -> None:
    assert len(unpack(LOST, 4, 46).indices) == 0


def test_contract_what_no_packet_can_be_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one byte"):
        unpack(b"", 4, 46)
    with pytest.raises(ValueError, match="47 books"):
        unpack(bytes([47, *range(24)]), 4, 46)
