"""What every source does with what it gets: colours, sizes, and the small picture for the network."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.workers.one_process import host, open_slot
from workers.capture import Settings as CaptureSettings
from workers.capture._frames import FrameSource, Grab, bytes_with_bars, shrink
from workers.depth import Settings as DepthSettings
from workers.stereo._layout import canvas, fitted

Picture = npt.NDArray[np.uint8]


class Given(FrameSource):
    """A source of one picture."""

    def __init__(self, grabbed: Grab | None, bars: bool = False) -> None:
        capture = CaptureSettings(crop_black_bars=bars)
        super().__init__(SimpleNamespace(capture=capture, depth=DepthSettings(width=96, height=64)), host())
        self.grabbed = grabbed

    @classmethod
    def largest(cls, settings: SimpleNamespace) -> tuple[int, int]:
        return 90, 160

    def grab(self) -> Grab | None:
        return self.grabbed


def noise(rows: int, columns: int, channels: int = 3) -> Picture:
    return np.random.default_rng(4).integers(0, 256, (rows, columns, channels), dtype=np.uint8)


@pytest.mark.parametrize(("colour", "order"), [("RGB", [0, 1, 2]), ("BGR", [2, 1, 0]), ("BGRA", [2, 1, 0])])
def test_contract_whatever_it_grabs_the_frame_is_rgb(colour: str, order: list[int]) -> None:
    pixels = noise(90, 160, len(colour))
    slot: Any = open_slot(90 * 160 * 3)
    assert Given(Grab(pixels, colour, 77)).process(slot, None) == 77
    assert (slot.view(slot.shape) == pixels[..., order]).all()


def test_contract_nothing_new_is_nothing_published() -> None:
    slot: Any = open_slot(90 * 160 * 3)
    assert Given(None).process(slot, None) is None


def test_contract_slots_are_made_for_the_largest_frame_and_the_network_s_size() -> None:
    settings = SimpleNamespace(depth=DepthSettings(width=96, height=64))
    with_bars = 92 * 160 * 3
    wanted = {"frame": 90 * 160 * 3, "frame with bars": with_bars, "small": 64 * 96 * 3}
    assert Given.sizes(settings, {}) == wanted


@pytest.mark.parametrize("rows", [1, 2, 37, 300, 1080, 2400])
@pytest.mark.parametrize("columns", [1, 2, 65, 300, 1366, 8000])
def test_contract_what_a_frame_takes_with_its_bars_is_what_the_views_have(rows: int, columns: int) -> None:
    """However much smaller they are made."""
    nbytes = bytes_with_bars(rows, columns)
    high, wide = canvas(rows, columns)
    assert nbytes == high * wide * 3
    for most in (2, 240, 1080, 4320):
        high, wide = canvas(*fitted(rows, columns, most))
        assert high * wide * 3 <= nbytes


def test_contract_the_small_picture_is_the_frame_s() -> None:
    pixels = np.zeros((90, 160, 3), np.uint8)
    pixels[:45], pixels[45:, :80] = (200, 0, 0), (0, 100, 0)
    frame, small = open_slot(90 * 160 * 3), open_slot(64 * 96 * 3)
    Given(Grab(pixels, "RGB", 0)).process(frame, small)
    shown = small.view((64, 96, 3))
    assert [tuple(shown[at]) for at in ((5, 5), (5, 90), (60, 5), (60, 90))] == [
        (200, 0, 0),
        (200, 0, 0),
        (0, 100, 0),
        (0, 0, 0),
    ]


@pytest.mark.parametrize(("bars", "rows"), [(True, 70), (False, 90)])
def test_contract_black_bars_are_left_out_when_that_is_set(bars: bool, rows: int) -> None:
    pixels = np.maximum(noise(90, 160), 40)
    pixels[:10] = pixels[-10:] = 0
    source, slot = Given(Grab(pixels, "RGB", 0), bars), open_slot(90 * 160 * 3)
    for _ in range(100):
        source.process(slot, None)
    assert slot.shape == (rows, 160, 3)


@pytest.mark.parametrize(
    ("size", "to"),
    [((90, 160), (64, 96)), ((1080, 1920), (192, 320)), ((363, 641), (64, 96)), ((40, 50), (64, 96))],
)
def test_contract_a_flat_picture_stays_what_it_is_at_any_size(
    size: tuple[int, int], to: tuple[int, int]
) -> None:
    target = np.empty((*to, 3), np.uint8)
    shrink(np.full((*size, 3), (10, 130, 250), np.uint8), target)
    assert (target == (10, 130, 250)).all()


def test_contract_a_whole_factor_takes_the_mean_of_all_pixels() -> None:
    picture, target = noise(64 * 5, 96 * 5), np.empty((64, 96, 3), np.uint8)
    shrink(picture, target)
    mean = picture.reshape(64, 5, 96, 5, 3).mean(axis=(1, 3))
    assert np.abs(target - mean).max() <= 0.51


@pytest.mark.parametrize("size", [(540, 960), (720, 1280), (1080, 1920), (363, 641)])
def test_contract_nothing_is_moved(size: tuple[int, int]) -> None:
    """A ramp stays one: no pixel is further off than half a pixel of the small picture."""
    for axis in (0, 1):
        ramp = np.rint((np.arange(size[axis]) + 0.5) / size[axis] * 255)
        picture = np.empty((*size, 3), np.uint8)
        picture[:] = ramp[:, None, None] if axis == 0 else ramp[None, :, None]
        target = np.empty((192, 320, 3), np.uint8)
        shrink(picture, target)
        count = target.shape[axis]
        wanted = (np.arange(count) + 0.5) / count * 255
        middle = target[:, 160, 0] if axis == 0 else target[96, :, 0]
        assert np.abs(middle[1:-1] - wanted[1:-1]).max() <= 255 / count / 2 + 1
