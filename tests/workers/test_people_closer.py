"""Looking closer: at where somebody was, without missing who leaves, who comes in, and another picture."""

import numpy as np
import numpy.typing as npt
import pytest

from workers.person import _closer
from workers.person._box import LONGEST, Box, put, size_of
from workers.person._closer import Closer
from workers.person._mask import without_blobs
from workers.person._masks import Masks

pytestmark = pytest.mark.timeout(20)
Pixels = npt.NDArray[np.uint8]
WHOLE = Box(0, 0, 360, 640)


class Eye:
    """In place of a network: what is white is a person. It counts what it looks at."""

    def __init__(self) -> None:
        self.looks: list[tuple[int, int]] = []
        self.seen: Pixels = np.empty((0, 0, 3), np.uint8)

    def __call__(self, frame: Pixels) -> npt.NDArray[np.float32]:
        self.looks.append((frame.shape[0], frame.shape[1]))
        self.seen = frame[::5, ::5]
        return (self.seen[..., 0] > 200).astype(np.float32)


def frame(*people: tuple[int, int], grey: int = 60) -> Pixels:
    """720p; each person is 200 x 100 pixels, with the head at (x, y)."""
    pixels = np.full((720, 1280, 3), grey, np.uint8)
    for x, y in people:
        pixels[y : y + 200, x - 50 : x + 50] = 255
    return pixels


def looking(*frames: Pixels) -> tuple[Closer, Eye]:
    eye = Eye()
    closer = Closer(eye)  # type: ignore[arg-type]
    for one in frames:
        eye.looks.clear()
        closer(one)
    return closer, eye


def test_contract_the_first_frame_is_looked_at_whole_and_then_close() -> None:
    closer, eye = looking(frame((400, 300)))
    assert len(eye.looks) == 2
    assert eye.looks[0] == (720, 1280)
    assert closer.box == Box(140, 165, 260, 235), "a tenth of its height around it"


def test_contract_later_frames_take_one_look_and_small_steps_leave_the_box_where_it_is() -> None:
    closer, eye = looking(*(frame((400 + step, 300)) for step in (0, 2, 4, 6, 8)))
    assert len(eye.looks) == 1
    assert closer.box == Box(140, 165, 260, 235)


def test_contract_the_box_goes_along_with_who_walks() -> None:
    for end in range(3, 12):
        closer, _ = looking(*(frame((300 + 12 * step, 300)) for step in range(end)))
        x = (300 + 12 * (end - 1)) // 2
        assert closer.box.holds(Box(150, x - 25, 250, x + 25))


def test_contract_who_leaps_out_of_the_box_is_found_in_the_same_frame() -> None:
    closer, eye = looking(frame((300, 300)), frame((300, 300)), frame((900, 300)))
    assert eye.looks[-1] == (720, 1280)
    assert closer.box == WHOLE


def test_contract_who_reaches_out_of_the_box_is_seen_whole_in_the_same_frame() -> None:
    reaching = frame((300, 300))
    reaching[380:400, 300:900] = 255
    closer, _ = looking(frame((300, 300)), frame((300, 300)), reaching)
    assert closer.box == WHOLE


def test_contract_another_picture_is_looked_at_whole_also_where_somebody_stands_in_the_same_place() -> None:
    closer, _ = looking(frame((300, 300)), frame((300, 300)), frame((310, 300), (900, 300), grey=180))
    assert closer.box == WHOLE


def test_contract_who_comes_in_is_found_within_a_second() -> None:
    alone, two = frame((300, 300)), frame((300, 300), (1000, 300))
    closer, _ = looking(alone, *[two] * _closer.OTHERS_EVERY)
    assert closer.box.holds(Box(150, 125, 250, 525))


def test_contract_where_nobody_is_everything_is_looked_at_once_a_frame() -> None:
    closer, eye = looking(frame(), frame(), frame())
    assert eye.looks == [(720, 1280)]
    assert closer.box == WHOLE


def test_contract_a_frame_of_another_size_begins_anew() -> None:
    closer, eye = looking(frame((300, 300)), frame((300, 300))[:600, :800])
    assert eye.looks[0] == (600, 800)
    assert closer.box.bottom <= size_of(np.empty((600, 800)))[0]  # type: ignore[arg-type]


@pytest.mark.parametrize("x", [400, 640, 880])
def test_contract_a_blob_of_20_pixels_goes_and_the_body_stays_however_close_it_is_looked_at(x: int) -> None:
    def mended(found: npt.NDArray[np.float32], seen: Pixels, scale: float) -> npt.NDArray[np.float32]:
        return without_blobs(found, scale)

    planted = frame((400, 300))
    planted[340:360, x + 80 : x + 100] = 255
    mask = Masks(Eye())(planted, 0.0, mended)  # type: ignore[arg-type]
    assert not mask[165:185, x // 2 + 36 : x // 2 + 54].any()
    assert (mask[154:246, 179:221] > 200).all()


@pytest.mark.parametrize("size", [(720, 1280), (1080, 1920), (1920, 1080), (90, 160), (577, 1023)])
def test_contract_a_box_of_the_frame_and_its_place_in_the_mask_are_the_same(size: tuple[int, int]) -> None:
    pixels = np.zeros((*size, 3), np.uint8)
    high, wide = size_of(pixels)
    assert max(high, wide) <= LONGEST
    box = Box(high // 4, wide // 4, high // 2, wide // 2)
    box.of(pixels)[:] = 255
    rows, columns = np.nonzero(pixels[..., 0])
    assert abs(rows[0] / size[0] - 0.25) < 0.01
    assert abs((columns[-1] + 1) / size[1] - 0.5) < 0.01
    mask = np.full((high, wide), 7, np.uint8)
    put(np.ones((20, 30), np.float32), box, mask)
    assert (mask[box.top : box.bottom, box.left : box.right] == 255).all()
    assert mask.sum() == 255 * box.area
