"""`launcher.py cutout`: people cut out; what is no picture is said, and nothing is half-written."""

import os
import resource
import shutil
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from tests.pipeline.running import command
from tests.workers.bitmaps import bitmap
from tests.workers.people import folder as people
from tests.workers.people import needs_people, truth

pytestmark = [needs_people(), pytest.mark.timeout(90)]
KINDS = ("overlay", "matte", "white", "rgba")


@pytest.fixture
def cat(tmp_path: Path) -> Path:
    return Path(shutil.copy(people() / "composites" / "cutout_a_cat.jpg", tmp_path / "cat.jpg"))


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def pixels(path: Path) -> npt.NDArray[np.int64]:
    found = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert found is not None
    return np.asarray(found, np.int64)


def test_a_picture_becomes_four_that_fit_its_person(cat: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = command("cutout", str(cat), "--out", str(out))
    assert result.returncode == 0, result.stderr
    assert files(out) == sorted(f"cat-{kind}.png" for kind in KINDS)
    picture, true = pixels(cat), truth()
    overlay, matte, white, rgba = (pixels(out / f"cat-{kind}.png") for kind in KINDS)
    person, nobody = matte == 255, matte == 0
    assert (person[true > 127]).mean() > 0.85
    assert (nobody[true < 127]).mean() > 0.95
    assert np.array_equal(white[person], picture[person])
    assert (white[nobody] == 255).all()
    assert np.array_equal(rgba[..., :3], picture)
    assert np.array_equal(rgba[..., 3], matte)
    assert np.array_equal(overlay[nobody], picture[nobody])
    assert (overlay[person][:, 1] >= 127).all(), "half green"


def test_what_is_transparent_already_stays_so_and_hides_what_is_under_it(cat: Path) -> None:
    picture, true = pixels(cat), truth()
    opaque = np.where(np.arange(picture.shape[1]) < picture.shape[1] // 2, 255, 0)
    shape = picture.shape[:2]
    with_alpha = np.dstack([picture, np.broadcast_to(opaque, shape)]).astype(np.uint8)
    with_alpha[:, picture.shape[1] // 2 :, :3] = (0, 0, 255)  # of which nothing is seen
    cv2.imwrite(str(cat.with_name("half.png")), with_alpha)
    result = command("cutout", str(cat.with_name("half.png")))
    assert result.returncode == 0, result.stderr
    overlay, matte, white, rgba = (pixels(cat.with_name(f"half-{kind}.png")) for kind in KINDS)
    left, right = np.s_[:, : shape[1] // 2], np.s_[:, shape[1] // 2 :]
    assert (matte[left][true[left] > 127] == 255).mean() > 0.8
    assert not matte[right].any()
    assert not rgba[right][..., 3].any()
    assert (white[right] == 255).all()
    assert (overlay[right] == 255).all(), "as it is shown on white"


def test_a_transparent_picture_that_a_camera_held_upright_is_turned_as_a_whole(cat: Path) -> None:
    """EXIF in a PNG: lies on its left side."""
    picture = np.dstack([pixels(cat), np.full(truth().shape, 255)]).astype(np.uint8)
    picture[:100, :, 3] = 0
    lying = cv2.imencode(".png", np.rot90(picture))[1].tobytes()
    exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
    chunk = struct.pack(">I", len(exif)) + b"eXIf" + exif
    chunk += struct.pack(">I", zlib.crc32(b"eXIf" + exif))
    cat.with_name("phone.png").write_bytes(lying[:33] + chunk + lying[33:])
    result = command("cutout", str(cat.with_name("phone.png")))
    assert result.returncode == 0, result.stderr
    rgba = pixels(cat.with_name("phone-rgba.png"))
    assert np.array_equal(rgba[100:, :, :3], picture[100:, :, :3])
    assert not rgba[:100, :, 3].any()
    assert (rgba[..., 3][truth() > 127] == 255).mean() > 0.8


def test_a_folder_is_done_whole_and_what_is_no_picture_is_named(cat: Path) -> None:
    shutil.copy(people() / "astronaut.png", cat.parent / "astronaut.png")
    (cat.parent / "broken.jpg").write_bytes(cat.read_bytes()[:100])
    (cat.parent / "gone.png").symlink_to("nowhere.png")
    (cat.parent / "notes.txt").write_text("no picture, and it does not say so")
    result = command("cutout", str(cat.parent))
    assert result.returncode == 1
    assert f"{cat.parent / 'broken.jpg'}: is not a picture that OpenCV reads" in result.stderr
    assert f"No such file or directory: '{cat.parent / 'gone.png'}'" in result.stderr
    assert "passed over, by their endings: notes.txt" in result.stderr
    made = [f"{name}-{kind}.png" for name in ("astronaut", "cat") for kind in KINDS]
    assert files(cat.parent) == sorted(
        ["astronaut.png", "broken.jpg", "cat.jpg", "gone.png", "notes.txt", *made]
    )


def test_what_was_cut_out_earlier_is_kept_and_not_cut_out_again(cat: Path) -> None:
    assert command("cutout", str(cat.parent)).returncode == 0
    kept = (cat.parent / "cat-white.png").read_bytes()
    again = command("cutout", str(cat.parent), "--model", "meet-lite")
    assert again.returncode == 1
    assert "is there already; give --overwrite or another --out" in again.stderr
    assert (cat.parent / "cat-white.png").read_bytes() == kept
    assert command("cutout", str(cat.parent), "--model", "meet-lite", "--overwrite").returncode == 0
    assert (cat.parent / "cat-white.png").read_bytes() != kept
    assert len(files(cat.parent)) == 1 + len(KINDS)


def test_two_of_the_same_name_have_cut_outs_of_their_own(cat: Path) -> None:
    shutil.copy(people() / "astronaut.png", cat.parent / "cat.png")
    shutil.copy(people() / "astronaut.png", cat.parent / "her.png")
    assert command("cutout", str(cat.parent)).returncode == 0
    made = [f"{name}-{kind}.png" for name in ("cat.jpg", "cat.png", "her") for kind in KINDS]
    assert files(cat.parent) == sorted(["cat.jpg", "cat.png", "her.png", *made])
    for name in ("cat.jpg", "cat.png"):
        assert pixels(cat.parent / f"{name}-white.png").shape == pixels(cat.parent / name).shape
    again = command("cutout", str(cat.parent), "--overwrite")
    assert again.returncode == 0, again.stderr
    assert files(cat.parent) == sorted(["cat.jpg", "cat.png", "her.png", *made])


def test_three_whose_names_would_meet_have_cut_outs_of_their_own(cat: Path) -> None:
    """cat.png.jpg without its ending is cat.png, as which cat.png goes because of cat.jpg."""
    for name in ("cat.png", "cat.png.jpg", "CAT.PNG"):
        shutil.copy(people() / "astronaut.png", cat.parent / name)
    result = command("cutout", str(cat.parent))
    assert result.returncode == 0, result.stderr
    made = {
        name.lower() for name in files(cat.parent) if name.endswith(tuple(f"-{kind}.png" for kind in KINDS))
    }
    assert len(made) == 4 * len(KINDS), "on a disk that does not tell A from a, too"
    assert command("cutout", str(cat.parent), "--overwrite").returncode == 0
    assert len(files(cat.parent)) == 4 + 4 * len(KINDS)


def test_what_is_named_like_a_cut_out_and_is_of_nothing_is_said(cat: Path) -> None:
    shutil.copy(cat, cat.parent / "cat-white.jpg")
    shutil.copy(cat, cat.parent / "snow-white.jpg")
    result = command("cutout", str(cat.parent))
    assert result.returncode == 0
    assert "passed over, for they are named like cut-outs: snow-white.jpg\n" in result.stderr


@pytest.mark.parametrize("ending", ["", ".JPG", ".picture"])
def test_a_picture_is_cut_out_whatever_its_ending(cat: Path, ending: str) -> None:
    named = cat.rename(cat.with_suffix(ending))
    result = command("cutout", str(named))
    assert result.returncode == 0, result.stderr
    assert (cat.parent / "cat-rgba.png").exists()


def test_a_full_disk_is_said_and_leaves_nothing(cat: Path) -> None:
    def full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    result = command("cutout", str(cat), preexec_fn=full)
    assert result.returncode == 1
    name = cat.parent / "cat-overlay.png"
    assert result.stderr.splitlines()[-1] == f"{cat}: {name} cannot be written: File too large"
    assert files(cat.parent) == ["cat.jpg"]


def test_a_picture_that_is_larger_than_opencv_takes_is_named_and_the_rest_is_done(cat: Path) -> None:
    large = cat.parent / "a_large_one.bmp"
    large.write_bytes(bitmap(50_000, 50_000))
    result = command("cutout", str(cat.parent))
    assert result.returncode == 1
    assert f"{large}: is not a picture that OpenCV reads" in result.stderr
    assert "Traceback" not in result.stderr
    assert files(cat.parent) == sorted([large.name, "cat.jpg", *(f"cat-{kind}.png" for kind in KINDS)])


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("none.jpg", None, "there is no such file or folder"),
        ("empty.jpg", b"", "is not a picture that OpenCV reads"),
        ("text.png", b"a picture is worth a thousand words", "is not a picture that OpenCV reads"),
    ],
)
def test_what_is_no_picture_is_said_in_a_line_and_leaves_nothing(
    name: str, content: bytes | None, why: str, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    before = files(tmp_path)
    result = command("cutout", str(tmp_path / name))
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == f"{tmp_path / name}: {why}"
    assert "Traceback" not in result.stderr
    assert files(tmp_path) == before


def test_an_empty_folder_is_said(tmp_path: Path) -> None:
    result = command("cutout", str(tmp_path))
    assert result.returncode == 1
    assert f"{tmp_path}: there is no picture or video in it" in result.stderr


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_to_is_said(cat: Path, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    result = command("cutout", str(cat), "--out", str(closed))
    assert result.returncode == 1
    assert "Permission denied" in result.stderr
    assert files(closed) == []
