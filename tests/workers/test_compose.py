"""A frame and its nearness map side by side, or the map alone."""

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from shm.layout import RingSpec
from shm.lease import OpenSlot
from workers.stereo import Settings
from workers.stereo.compose import Compose, grey_of

FRAME = np.random.default_rng(2).integers(0, 256, (36, 64, 3), dtype=np.uint8)
NEARNESS = np.linspace(0, 1, 9 * 16, dtype=np.float32).reshape(9, 16)


def composed(layout: Any, nearness: npt.NDArray[np.float32] = NEARNESS) -> npt.NDArray[np.uint8]:
    worker: Any = Compose(SimpleNamespace(stereo=Settings(layout=layout)), nullcontext)
    nbytes = Compose.sizes(SimpleNamespace(), {"frame": FRAME.nbytes})["picture"]
    slot = OpenSlot(RingSpec("picture", 2, nbytes, ()), 0, memoryview(bytearray(nbytes)))
    held: Any = [
        SimpleNamespace(frame=array, info=SimpleNamespace(shape=array.shape)) for array in (nearness, FRAME)
    ]
    worker.process(*held, slot)
    return slot.view(slot.shape).copy()


def test_contract_rgb_and_depth_stand_side_by_side() -> None:
    picture = composed("rgb+depth")
    assert picture.shape == (36, 128, 3)
    assert (picture[:, :64] == FRAME).all()
    assert (picture[:, 64:] == composed("depth")).all()


def test_contract_the_map_alone_is_grey_white_for_near_and_as_large_as_the_frame() -> None:
    picture = composed("depth")
    assert picture.shape == FRAME.shape
    assert (picture[0, 0] == 0).all()
    assert (picture[-1, -1] == 255).all()
    assert (np.diff(picture[0, :, 0].astype(int)) >= 0).all()
    assert (picture[..., 0] == picture[..., 2]).all()


@pytest.mark.parametrize("shape", [(1, 1), (9, 16), (36, 64), (7, 13), (72, 128)])
def test_contract_a_map_of_any_size_is_brought_to_the_frame_s_without_a_shift(shape: tuple[int, int]) -> None:
    """A gradient stays one: no pixel is further off than one map pixel."""
    ramp = np.broadcast_to(np.float32((np.arange(shape[1]) + 0.5) / shape[1]), shape)
    grey = grey_of(ramp, 36, 64)
    assert grey.shape == (36, 64)
    wanted = (np.arange(64) + 0.5) / 64 * 255
    assert np.abs(grey - wanted[None]).max() <= 255 / shape[1] + 2


@pytest.mark.parametrize("layout", ["rgb+depth", "depth"])
def test_contract_every_layout_fits_the_slot(layout: str) -> None:
    """So the layout can change live."""
    assert composed(layout).nbytes <= 2 * FRAME.nbytes
