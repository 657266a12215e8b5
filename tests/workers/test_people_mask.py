"""What is done to masks: blobs go and bodies stay; calm where nothing moves, no lag where something does."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from scripts.people_paths.judging import over_time
from tests.workers.people import composite, folder, needs_people
from workers.person._box import Box
from workers.person._calm import Calm
from workers.person._mask import along_edges, without_blobs
from workers.person._networks import Network

pytestmark = pytest.mark.timeout(120)
Mask = npt.NDArray[np.float32]
STRENGTH = 0.9
ALL = Box(0, 0, 144, 256)


def disc(x: int, y: int, radius: int) -> Mask:
    """A mask of 144 x 256 with soft edges."""
    mask = np.zeros((144, 256), np.float32)
    cv2.circle(mask, (x, y), radius, 1.0, -1)
    return np.asarray(cv2.blur(mask, (5, 5)), np.float32)


# One mask -----------------------------------------------------------------------------------------------


def test_contract_a_blob_of_20_pixels_goes_and_the_body_stays() -> None:
    """20 pixels of a 720p frame are four of the mask."""
    body = disc(100, 80, 40)
    planted = body.copy()
    planted[20:24, 200:204] = 1.0
    cleaned = without_blobs(planted, 0.4)
    assert not cleaned[15:30, 195:210].any()
    assert np.array_equal(cleaned[body > 0.5], body[body > 0.5])
    assert np.abs(cleaned - body).max() < 0.1, "also its soft edge"


@needs_people()
def test_contract_a_blob_beside_a_real_body_goes_and_the_body_stays() -> None:
    mask = Network("pphumanseg-v2", 1)(composite("rocket"))
    planted = mask.copy()
    planted[10:14, 230:234] = 1.0
    cleaned = without_blobs(planted, 0.4)
    assert not cleaned[5:20, 225:240].any()
    person = mask > 0.5
    assert (cleaned[person] > 0.5).mean() > 0.98


def test_contract_a_body_that_is_cut_off_by_the_border_stays_whole() -> None:
    mask = np.zeros((144, 256), np.float32)
    mask[60:, 80:180] = 1
    assert np.array_equal(without_blobs(mask, 0.4), mask)


def test_contract_along_edges_brings_the_mask_to_the_edge_of_the_picture() -> None:
    picture = np.zeros((144, 256, 3), np.uint8)
    picture[:, 128:] = (200, 180, 160)
    true = np.zeros((144, 256), np.float32)
    true[:, 128:] = 1
    mask = np.asarray(cv2.blur(true, (9, 9)), np.float32)
    closer = along_edges(mask, picture)
    assert np.abs(closer - true).mean() < np.abs(mask - true).mean()
    jumps = [(one[:, 128] - one[:, 127]).min() for one in (mask, closer)]
    assert jumps[1] > 2 * jumps[0]
    flat = np.full_like(mask, 0.5)
    assert np.allclose(along_edges(flat, picture), flat)


# Over time ----------------------------------------------------------------------------------------------


def test_contract_what_moves_is_followed_in_the_same_frame() -> None:
    calm, random = Calm(), np.random.default_rng(1)
    for step in range(20):
        x = 60 + 6 * step
        mask = disc(x, 70, 20)
        picture = np.full((144, 256, 3), 90, np.uint8)
        cv2.circle(picture, (x, 70), 20, (200, 150, 120), -1)
        noisy = np.clip(picture + random.normal(0, 1.5, picture.shape), 0, 255).astype(np.uint8)
        found = calm(mask, ALL, noisy, STRENGTH)
        assert np.abs(found - mask).max() < 0.05, f"step {step}"


def test_contract_a_cut_is_followed_in_the_same_frame() -> None:
    calm = Calm()
    calm(disc(60, 70, 30), ALL, np.full((144, 256, 3), 40, np.uint8), STRENGTH)
    after = disc(180, 70, 30)
    assert np.allclose(calm(after, ALL, np.full((144, 256, 3), 160, np.uint8), STRENGTH), after)


def test_contract_the_same_place_is_calm_also_when_it_is_looked_at_from_closer() -> None:
    """The left half of the frame at twice the scale: what is kept of it goes along."""
    calm = Calm()
    picture = np.full((144, 256, 3), 90, np.uint8)
    calm(disc(60, 70, 30), ALL, picture, STRENGTH)
    closer = calm(np.zeros((144, 128), np.float32), Box(0, 0, 144, 128), picture[:, :128], STRENGTH)
    assert np.abs(closer - STRENGTH * disc(60, 70, 30)[:, :128]).max() < 0.01
    right = np.full((144, 128), 0.5, np.float32)
    beside = calm(right, Box(0, 128, 144, 256), picture[:, 128:], STRENGTH)
    assert np.array_equal(beside, right), "nothing is known of what was not looked at"


def test_contract_noise_on_what_stands_still_is_a_tenth() -> None:
    calm, random = Calm(), np.random.default_rng(2)
    picture = np.full((144, 256, 3), 90, np.uint8)
    raw, calmed = [], []
    for _ in range(40):
        noise = random.normal(0, 0.1, (144, 256)).astype(np.float32)
        mask = np.clip(disc(100, 70, 40) * 0.6 + 0.2 + noise, 0, 1)
        raw.append(mask)
        calmed.append(calm(mask, ALL, picture, STRENGTH).copy())
    flicker, before = (np.abs(np.diff(masks[20:], axis=0)).mean() for masks in (calmed, raw))
    assert flicker < 0.11 * before


@needs_people()
@pytest.mark.parametrize("name", ["selfie-general", "pphumanseg-v2"])
def test_contract_in_a_real_clip_flicker_is_a_third_and_there_is_no_lag(name: str) -> None:
    flicker, lag = over_time(folder() / "speaker_clip.mp4", name)
    assert flicker < 1 / 3, "of the raw masks'"
    assert lag < 0.1, "of one frame"
