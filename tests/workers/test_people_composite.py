"""People before another background: what of the picture is whose."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from pipeline.settings import SettingsError, load
from tests.workers.bitmaps import bitmap
from workers.person._behind import (
    Plain,
    Still,
    background_of,
    colour_of,
    picture_of,
)
from workers.person._blurred import Blurred
from workers.person._composite import composite, composite_for_both_eyes, feathered
from workers.person._scenery import CannotShow, Scenery, cover
from workers.person.background import Settings

pytestmark = pytest.mark.timeout(60)
Pixels = npt.NDArray[np.uint8]
PLAIN = Settings(light_wrap=0.0)
GREEN = "#00b140"


def person(rows: int = 360, columns: int = 640) -> tuple[Pixels, Pixels, Pixels]:
    """A frame with somebody in a red shirt before grey, the mask of a network, and what is true."""
    true = np.zeros((rows, columns), np.uint8)
    cv2.ellipse(true, (columns // 2, rows), (columns // 5, rows // 2), 0, 0, 360, 255, -1)
    frame = np.full((rows, columns, 3), 128, np.uint8)
    frame[true > 0] = (220, 20, 20)
    soft = cv2.resize(true, (256, 144), interpolation=cv2.INTER_AREA)
    return frame, np.asarray(cv2.blur(soft, (3, 3)), np.uint8), true


def shown(background: object, settings: Settings = PLAIN, frame: Pixels | None = None) -> Pixels:
    made, mask, _ = person()
    frame = made if frame is None else frame
    out = np.empty_like(frame)
    composite(frame, mask, background, settings, out)  # type: ignore[arg-type]
    return out


# The person ---------------------------------------------------------------------------------------------


def test_contract_the_person_is_untouched_and_the_background_is_the_other_one() -> None:
    out = shown(Plain(colour_of(GREEN)))
    frame, _, true = person()
    inside, outside = cv2.erode(true, np.ones((13, 13))) > 0, cv2.dilate(true, np.ones((13, 13))) == 0
    assert np.array_equal(out[inside], frame[inside])
    assert (out[outside] == (0, 0xB1, 0x40)).all()


def test_contract_without_anybody_there_is_only_background_and_the_other_way_round() -> None:
    frame = np.random.default_rng(1).integers(0, 256, (90, 160, 3), np.uint8)
    out = np.empty_like(frame)
    composite(frame, np.zeros((144, 256), np.uint8), Plain(colour_of("#123456")), Settings(), out)
    assert (out == (0x12, 0x34, 0x56)).all()
    composite(frame, np.full((144, 256), 255, np.uint8), Plain(colour_of("#123456")), Settings(), out)
    assert np.array_equal(out, frame)


@pytest.mark.parametrize("light", ["screen", "linear-dodge"])
def test_contract_a_colour_is_as_a_picture_of_that_colour(light: str) -> None:
    settings = Settings(light_wrap=0.6, light=light)  # type: ignore[arg-type]
    picture = np.full((36, 64, 3), colour_of("#c08040"), np.uint8)
    assert np.array_equal(shown(Plain(colour_of("#c08040")), settings), shown(Still(picture), settings))
    seen, (frame, mask, _) = (0.02, -0.02), person()
    both = [
        composite_for_both_eyes(frame, mask, behind, settings, seen)
        for behind in (Plain(colour_of("#c08040")), Still(picture))
    ]
    assert np.array_equal(*both)


def test_contract_the_blend_is_within_one_step_of_the_exact_one() -> None:
    random = np.random.default_rng(4)
    frame = random.integers(0, 256, (64, 64, 3), np.uint8)
    behind = random.integers(0, 256, (64, 64, 3), np.uint8)
    mask = random.integers(0, 256, (64, 64), np.uint8)
    edge = replace(PLAIN, cover_from=0.2, cover_to=0.8)
    out = np.empty_like(frame)
    composite(frame, mask, lambda *_: Scenery(behind, behind), edge, out)
    step = np.clip((mask / 255 - 0.2) / 0.6, 0, 1)
    alpha = (step * step * (3 - 2 * step))[..., None]
    assert np.abs(out - (frame * alpha + behind * (1 - alpha))).max() <= 1.5


def test_contract_a_feather_goes_outwards_only() -> None:
    _, mask, _ = person()
    wider = feathered(mask, 2.0)
    assert (wider >= mask).all()
    assert (wider[mask > 250] > 250).all()
    assert (wider > 0).sum() > 1.1 * (mask > 0).sum()
    assert feathered(mask, 0.0) is mask


# The background -----------------------------------------------------------------------------------------


def test_contract_no_colour_of_a_red_shirt_is_in_the_blurred_background() -> None:
    out = shown(Blurred(3.0)).astype(int)
    _, mask, _ = person()
    full = cv2.resize(mask, (640, 360))
    outside = full == 0
    assert np.abs(out[outside] - 128).max() <= 1
    naive = cv2.blur(person()[0], (39, 39)).astype(int)
    assert np.abs(naive[outside] - 128).max() > 40, "a plain blur has it"


def test_contract_the_background_is_blurred() -> None:
    frame, _, true = person()
    frame[:, ::8] = 250
    frame[true > 0] = (220, 20, 20)
    out = shown(Blurred(2.0), frame=frame)
    outside = cv2.dilate(true, np.ones((41, 41))) == 0
    assert out[outside].std() < 0.1 * frame[outside].std()


def test_contract_a_large_person_leaves_no_hard_patch_in_the_blurred_room() -> None:
    """Where nothing but the person is near, what is farther away flows in."""
    frame = np.zeros((360, 640, 3), np.uint8)
    frame[:, :] = np.linspace(30, 220, 640, dtype=np.uint8)[None, :, None]
    mask = np.zeros((144, 256), np.uint8)
    mask[:, 60:200] = 255
    behind = Blurred(2.0)(frame, mask).at(360, 640).behind.astype(int)
    assert np.abs(np.diff(behind, axis=1)).max() <= 6
    assert np.abs(np.diff(behind, axis=0)).max() <= 2


def test_contract_blur_makes_do_where_there_is_no_background_at_all() -> None:
    frame = np.full((90, 160, 3), 77, np.uint8)
    mask = np.full((144, 256), 255, np.uint8)
    out = np.empty_like(frame)
    composite(frame, mask, Blurred(2.0), Settings(), out)
    assert np.array_equal(out, frame)


@pytest.mark.parametrize("light", ["screen", "linear-dodge"])
def test_contract_light_wrap_changes_the_person_s_edge_alone(light: str) -> None:
    lit = shown(Plain(colour_of("#ffffff")), Settings(light_wrap=0.5, light=light))  # type: ignore[arg-type]
    plain = shown(Plain(colour_of("#ffffff")), PLAIN)
    _, mask, _ = person()
    full = np.asarray(cv2.resize(mask, (640, 360)))
    assert np.array_equal(lit[full == 255], plain[full == 255])
    assert np.array_equal(lit[full == 0], plain[full == 0])
    edge = (full > 150) & (full < 250)
    assert (lit[edge] >= plain[edge]).all()
    assert lit[edge].mean() > plain[edge].mean() + 3


@pytest.mark.parametrize("size", [(100, 400), (400, 100), (90, 160), (1080, 1920)])
def test_contract_a_picture_covers_the_frame_and_keeps_its_shape(size: tuple[int, int]) -> None:
    picture = np.zeros((*size, 3), np.uint8)
    cv2.circle(picture, (size[1] // 2, size[0] // 2), min(size) // 4, (255, 255, 255), -1)
    covered = cover(picture, 360, 640)
    assert covered.shape == (360, 640, 3)
    rows, columns = np.where(covered[..., 0] > 127)
    assert abs((np.ptp(rows) + 1) - (np.ptp(columns) + 1)) <= 0.05 * np.ptp(columns) + 2, "it is still round"


# What cannot be shown -----------------------------------------------------------------------------------


def test_contract_a_picture_that_is_none_is_named_with_the_reason(tmp_path: Path) -> None:
    text = tmp_path / "notes.png"
    text.write_text("no picture")
    huge = tmp_path / "huge.bmp"
    huge.write_bytes(bitmap(50_000, 50_000))
    for path, why in (
        ("", "background.image is not set"),
        (str(tmp_path / "none.png"), "No such file"),
        (str(text), "is not a picture that OpenCV reads"),
        (str(huge), "is not a picture that OpenCV reads"),
    ):
        with pytest.raises(CannotShow, match=why):
            picture_of(path)


def test_contract_a_video_that_is_none_is_named_with_the_reason(tmp_path: Path) -> None:
    text = tmp_path / "notes.mp4"
    text.write_text("no video")
    for path, why in (("", "background.video is not set"), (str(text), "cannot be read")):
        with pytest.raises(CannotShow, match=why):
            background_of(Settings(kind="video", video=path))


def test_contract_settings_that_make_no_sense_are_refused_with_their_lines(tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text("background:\n  colour: red\n  cover_from: 0.9\n")
    with pytest.raises(SettingsError) as caught:
        load(file)
    assert str(caught.value).splitlines() == [
        f"{file}:2: background.colour: is no colour; write it like #00b140 (got red)",
        f"{file}:3: background: cover_from must be less than cover_to",
    ]
