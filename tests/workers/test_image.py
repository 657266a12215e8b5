"""A picture file as the source: shown once, and said plainly what is wrong with it."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import PIL.Image
import pytest

from tests.workers.bitmaps import bitmap
from tests.workers.one_process import host, open_slot
from workers.capture import Settings as CaptureSettings
from workers.capture.image import Image, Settings, read_picture
from workers.depth import Settings as DepthSettings

ORANGE = (250, 120, 10)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    cv2.imwrite(str(path), np.full((30, 40, 3), ORANGE[::-1], np.uint8))
    return path


def settings(path: object) -> SimpleNamespace:
    return SimpleNamespace(image=Settings(str(path)), capture=CaptureSettings(), depth=DepthSettings())


def test_contract_the_picture_is_published_once_in_its_colours(photo: Path) -> None:
    worker, slot = Image(settings(photo), host()), open_slot(30 * 40 * 3)
    worker.open()
    assert worker.due() == 0.0
    assert worker.process(slot, None) is not None
    assert (slot.view((30, 40, 3)) == ORANGE).all()
    assert worker.due() == float("inf")


def test_contract_it_is_published_again_for_whoever_looks_later(photo: Path) -> None:
    worker, slot = Image(settings(photo), host()), open_slot(30 * 40 * 3)
    worker.open()
    first = worker.process(slot, None)
    worker.again()
    assert worker.due() == 0.0
    again = worker.process(slot, None)
    assert first is not None
    assert again is not None
    assert again >= first


def test_contract_slots_have_the_picture_s_size(photo: Path) -> None:
    assert Image.sizes(settings(photo), {})["frame"] == 30 * 40 * 3


def see_through(path: Path, orientation: int = 1, form: str = "RGBA") -> None:
    """Orange of which the first row is gone, and the first column half so; whatever colour that has."""
    pixels = np.full((4, 6, 4), (*ORANGE, 255), np.uint8)
    pixels[:, 0, 3] = 128
    pixels[0] = (77, 200, 13, 0)
    picture = PIL.Image.fromarray(pixels).convert(form)
    exif = PIL.Image.Exif()
    exif[0x112] = orientation
    options = {"transparency": picture.getpixel((3, 0))} if form == "P" else {"lossless": True, "exact": True}
    picture.save(path, exif=exif, **options)


@pytest.mark.parametrize("name", ["photo.png", "photo.webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_contract_what_can_be_seen_through_is_before_black(
    orientation: int, name: str, tmp_path: Path
) -> None:
    see_through(tmp_path / name, orientation)
    wanted = np.full((4, 6, 3), ORANGE[::-1], np.uint8)
    wanted[:, 0], wanted[0] = np.array(ORANGE[::-1]) // 2, 0
    flips = {1: (1, 1), 2: (1, -1), 3: (-1, -1), 4: (-1, 1), 5: (1, 1), 6: (1, -1), 7: (-1, -1), 8: (-1, 1)}
    down, across = flips[orientation]
    turned = wanted.transpose(1, 0, 2) if orientation > 4 else wanted
    found = read_picture(str(tmp_path / name))
    assert found.shape == turned.shape
    assert np.abs(found.astype(int) - turned[::down, ::across]).max() <= 2


def test_contract_so_is_the_colour_of_a_palette_that_is_none(tmp_path: Path) -> None:
    see_through(tmp_path / "photo.png", form="P")
    found = read_picture(str(tmp_path / "photo.png"))
    assert (found[0, 1:] == 0).all()
    assert found[1:, 1:].max() > 200


@pytest.mark.parametrize(
    "content",
    [b"", b"this is no picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 100, bitmap(50_000, 50_000)],
    ids=["nothing", "a text", "its beginning", "too large"],
)
def test_contract_what_is_no_picture_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd.png"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"image\.path: .*odd\.png is not a picture that OpenCV reads"):
        Image.sizes(settings(path), {})


@pytest.mark.parametrize(
    ("path", "error", "what"),
    [
        ("", ValueError, "image.path is not set: which picture?"),
        ("/nowhere/photo.png", FileNotFoundError, "/nowhere/photo.png"),
        ("/", IsADirectoryError, "/"),
    ],
)
def test_contract_a_path_without_a_picture_is_an_error_that_names_it(
    path: str, error: Any, what: str
) -> None:
    with pytest.raises(error) as caught:
        Image.sizes(settings(path), {})
    assert what in str(caught.value)
