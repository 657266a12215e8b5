"""A picture file as the source: shown once, and said plainly what is wrong with it."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
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


def test_contract_a_home_folder_may_be_written_short(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(photo.parent))
    assert read_picture("~/photo.png").shape == (30, 40, 3)


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
