"""A frame and its nearness map become the picture, in every layout."""

import logging
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.workers.one_process import host, open_slot
from workers.capture._frames import bytes_with_bars
from workers.stereo import LAYOUTS, Settings
from workers.stereo.compose import Compose, grey_of

FRAME = np.random.default_rng(2).integers(0, 256, (36, 64, 3), dtype=np.uint8)
NEARNESS = np.linspace(0, 1, 9 * 16, dtype=np.float32).reshape(9, 16)


def given(**stereo: Any) -> SimpleNamespace:
    return SimpleNamespace(stereo=Settings(**{"fill_16_9": False, **stereo}))


def slot_bytes(frame: npt.NDArray[np.uint8], settings: SimpleNamespace) -> int:
    rings = {"frame": frame.nbytes, "frame with bars": bytes_with_bars(*frame.shape[:2])}
    return Compose.sizes(settings, rings)["picture"]


def composed(
    layout: Any,
    nearness: npt.NDArray[np.float32] = NEARNESS,
    frame: npt.NDArray[np.uint8] = FRAME,
    **stereo: Any,
) -> npt.NDArray[np.uint8]:
    settings = given(layout=layout, **stereo)
    worker: Any = Compose(settings, host())
    worker.open()
    slot = open_slot(slot_bytes(frame, settings), filled_with=77)
    held: Any = []
    for array in (nearness.copy(), frame.copy()):
        array.setflags(write=False)  # as a lease has it
        held.append(SimpleNamespace(frame=array, info=SimpleNamespace(shape=array.shape)))
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


def test_contract_what_is_nearer_than_near_is_white_and_farther_than_far_black() -> None:
    """steady.auto_convergence moves the scene beyond both."""
    assert grey_of(np.float32([[-0.3, 0, 1, 1.4]]), 1, 4).tolist() == [[0, 0, 255, 255]]


@pytest.mark.parametrize("shape", [(1, 1), (9, 16), (36, 64), (7, 13), (72, 128)])
def test_contract_a_map_of_any_size_is_brought_to_the_frame_s_without_a_shift(shape: tuple[int, int]) -> None:
    """A gradient stays one: no pixel is further off than one map pixel."""
    ramp = np.broadcast_to(np.float32((np.arange(shape[1]) + 0.5) / shape[1]), shape)
    grey = grey_of(ramp, 36, 64)
    assert grey.shape == (36, 64)
    wanted = (np.arange(64) + 0.5) / 64 * 255
    assert np.abs(grey - wanted[None]).max() <= 255 / shape[1] + 2


@pytest.mark.parametrize("fill", [False, True])
@pytest.mark.parametrize("shape", [(36, 64), (37, 65), (400, 300), (60, 1200), (900, 90), (1, 70)])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_contract_every_layout_fits_the_slot(layout: str, shape: tuple[int, int], fill: bool) -> None:
    """So the layout can change live, and with it the bars; whatever the frame's shape is."""
    frame = np.random.default_rng(3).integers(0, 256, (*shape, 3), dtype=np.uint8)
    picture = composed(layout, frame=frame, height=240, fill_16_9=fill)
    assert picture.nbytes <= slot_bytes(frame, given(height=240))


@pytest.mark.parametrize(
    ("layout", "shape"),
    [
        ("half-sbs", (36, 64)),
        ("full-sbs", (36, 128)),
        ("half-tab", (36, 64)),
        ("full-tab", (72, 64)),
        ("rgb+depth", (36, 128)),
        ("depth", (36, 64)),
    ],
)
def test_contract_sizes_of_all_layouts(layout: str, shape: tuple[int, int]) -> None:
    assert composed(layout).shape == (*shape, 3)


def test_contract_without_strength_both_views_are_the_frame() -> None:
    picture = composed("full-sbs", strength=0.0)
    assert (picture[:, :64] == FRAME).all()
    assert (picture[:, 64:] == FRAME).all()


def test_contract_what_is_around_a_frame_of_another_shape_is_black() -> None:
    """Also when the slot comes with an older picture in it."""
    frame = np.full((36, 48, 3), 200, np.uint8)
    picture = composed("full-sbs", frame=frame, fill_16_9=True, strength=0.0)
    assert picture.shape == (36, 128, 3)
    for eye in (picture[:, :64], picture[:, 64:]):
        assert (eye[:, 8:56] == 200).all()
        assert not eye[:, :8].any()
        assert not eye[:, 56:].any()


@pytest.mark.parametrize(
    ("size", "view"), [((37, 65), (36, 64)), ((480, 640), (240, 320)), ((361, 641), (240, 426))]
)
def test_contract_a_view_is_never_higher_than_is_set_and_always_even(
    size: tuple[int, int], view: tuple[int, int]
) -> None:
    frame = np.full((*size, 3), 100, np.uint8)
    picture = composed("full-sbs", frame=frame, height=240)
    assert picture.shape == (view[0], 2 * view[1], 3)
    assert (picture == 100).all()


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Any:
    """One that torch finds; the processor stands in for it. Gives the module whose `warp_views_on` it is."""
    torch = pytest.importorskip("torch")
    from workers.stereo import _torch_views

    real = _torch_views.warp_views_on
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "RTX 5090")
    monkeypatch.setattr(
        _torch_views, "warp_views_on", lambda device, *given: real(torch.device("cpu"), *given)
    )
    return _torch_views


def test_contract_a_gpu_makes_the_views_once_it_has_made_one(
    gpu: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    assert composed("full-sbs", where="with_depth").any()
    assert "the views are made by RTX 5090" in caplog.text


def test_contract_a_gpu_that_torch_finds_and_cannot_use_leaves_the_views_to_the_processor(
    gpu: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As an RTX 50 with a torch from before it."""

    def no_kernel(*given: Any) -> None:
        raise gpu.torch.AcceleratorError(
            "CUDA error: no kernel image is available for execution on the device"
        )

    monkeypatch.setattr(gpu, "warp_views_on", no_kernel)
    assert (composed("full-sbs", where="with_depth") == composed("full-sbs")).all()
    assert "by the processor: torch cannot use RTX 5090: CUDA error: no kernel image" in caplog.text
