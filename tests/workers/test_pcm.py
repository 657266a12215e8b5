"""Samples as numbers of 16 bits."""

import numpy as np
import pytest

from workers.voice._pcm import pcm_of


@pytest.mark.parametrize(
    ("sample", "number"), [(0, 0), (0.5, 16384), (1, 32767), (1.01, 32767), (-1, -32768), (-1.01, -32768)]
)
def test_contract_what_is_too_loud_stays_at_the_end_of_the_range(sample: float, number: int) -> None:
    assert pcm_of(np.array([sample], np.float32)).tolist() == [number]
