"""What a conversion reads: frames as a player shows them, at their times, also of broken files."""

import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.video.reformatter import ColorPrimaries, Colorspace, ColorTrc

from tests.workers.made_films import MILLISECONDS, add_film, add_frames, picture
from workers.capture._light import from_pq, ordinary, to_pq
from workers.convert._film import CannotRead, Film, ticks_of, time_of

TIMES = [30, 60, 95, 180, 190, 260, 300, 420]  # as a phone films, no two steps alike
SIZE = (96, 128)


def film_of(path: Path, size: tuple[int, int] = SIZE, **options: str) -> Path:
    with av.open(str(path), "w") as container:
        add_frames(container, add_film(container, size, **options), TIMES)
    return path


def pixels(path: Path) -> list[np.ndarray[Any, np.dtype[np.uint8]]]:
    film = Film(path, 1)
    return [film.upright(frame) for _, frame in film.frames()]


def test_every_frame_comes_once_at_its_time_and_looks_as_it_was(tmp_path: Path) -> None:
    film = Film(film_of(tmp_path / "film.mkv"), 1)
    found = [(time, film.upright(frame)) for time, frame in film.frames()]
    assert [time for time, _ in found] == [time * 1000 for time in TIMES]
    assert not film.broken
    for number, (_, shown) in enumerate(found):
        assert np.abs(shown.astype(int) - picture(number, 0)).mean() < 6


@pytest.mark.parametrize(
    "base", [Fraction(1, 90000), Fraction(1, 12800), Fraction(1001, 24000), Fraction(1, 1000)]
)
def test_a_time_goes_through_microseconds_and_comes_back_the_same(base: Fraction) -> None:
    assert all(ticks_of(time_of(pts, base), base) == pts for pts in (-7, 0, 1, 3003, 123_456_789))


@pytest.mark.parametrize("turned", [0, 90, 180, -90])
def test_a_film_that_was_filmed_upright_stays_so(turned: int, tmp_path: Path) -> None:
    path = tmp_path / "phone.mp4"
    right_way_up = np.zeros((96, 64, 3), np.uint8)
    right_way_up[:20] = 255
    with av.open(str(path), "w") as target:
        stored = np.ascontiguousarray(np.rot90(right_way_up, -turned // 90))
        film = add_film(target, stored.shape[:2])
        film.set_display_rotation(turned)
        target.mux(film.encode(av.VideoFrame.from_ndarray(stored, format="rgb24")))
        target.mux(film.encode(None))
    (shown,) = pixels(path)
    assert shown.shape == right_way_up.shape
    assert np.abs(shown.astype(int) - right_way_up).mean() < 5


@pytest.mark.parametrize(
    "matrix",
    [
        (1, 0, 0, 1),
        (-1, 0, 0, 1),
        (1, 0, 0, -1),
        (-1, 0, 0, -1),
        (0, 1, 1, 0),
        (0, 1, -1, 0),
        (0, -1, 1, 0),
        (0, -1, -1, 0),
    ],
)
def test_a_film_that_is_to_be_mirrored_is(matrix: tuple[int, ...], tmp_path: Path) -> None:
    """As its display matrix says: where each pixel's column and row go, (across, down) each."""
    path = tmp_path / "selfie.mp4"
    stored = np.zeros((96, 64, 3), np.uint8)
    stored[:20], stored[:40, :20] = 255, (250, 0, 0)
    with av.open(str(path), "w") as target:
        film = add_film(target, stored.shape[:2])
        target.mux(film.encode(av.VideoFrame.from_ndarray(stored, format="rgb24")))
        target.mux(film.encode(None))
    data = bytearray(path.read_bytes())
    a, b, c, d = (part << 16 for part in matrix)
    struct.pack_into(">9i", data, data.index(b"tkhd") + 44, a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    turned = matrix[0] == 0
    wanted = stored.transpose(1, 0, 2) if turned else stored
    across, down = (matrix[2], matrix[1]) if turned else (matrix[0], matrix[3])
    (shown,) = pixels(path)
    assert shown.shape == wanted.shape
    assert np.abs(shown.astype(int) - wanted[::down, ::across]).mean() < 5


@pytest.mark.parametrize(("shape", "size"), [("2/1", (96, 256)), ("1/2", (192, 128))])
def test_pixels_that_are_not_square_become_so_and_none_is_lost(
    shape: str, size: tuple[int, int], tmp_path: Path
) -> None:
    path = film_of(tmp_path / "wide.mkv", **{"x264-params": f"sar={shape}"})
    assert {shown.shape[:2] for shown in pixels(path)} == {size}


@pytest.mark.parametrize(
    ("space", "number"), [("ITU709", Colorspace.ITU709), ("SMPTE170M", Colorspace.SMPTE170M)]
)
def test_colours_come_out_by_the_matrix_that_the_file_names(space: str, number: int, tmp_path: Path) -> None:
    path = tmp_path / f"{space}.mkv"
    green = np.full((*SIZE, 3), (20, 200, 60), np.uint8)
    with av.open(str(path), "w") as target:
        film = add_film(target, SIZE)
        film.codec_context.colorspace = number
        frame = av.VideoFrame.from_ndarray(green, format="rgb24")
        target.mux(film.encode(frame.reformat(format="yuv420p", dst_colorspace=number)))
        target.mux(film.encode(None))
    assert np.abs(pixels(path)[0].astype(int) - green).max() < 6


@pytest.mark.parametrize(
    ("codec", "form", "ending"), [("png", "rgba", ".mov"), ("prores_ks", "yuva444p10le", ".mov")]
)
def test_what_can_be_seen_through_is_before_black(codec: str, form: str, ending: str, tmp_path: Path) -> None:
    """Whatever colour it has in the file."""
    path = tmp_path / f"film{ending}"
    seen = np.full((*SIZE, 4), (20, 200, 60, 255), np.uint8)
    seen[:48, :, 3], seen[48:, :64, 3] = 0, 128
    with av.open(str(path), "w") as target:
        film: Any = target.add_stream(codec, rate=25)
        film.height, film.width, film.pix_fmt = *SIZE, form
        target.mux(film.encode(av.VideoFrame.from_ndarray(seen, format="rgba").reformat(format=form)))
        target.mux(film.encode(None))
    (shown,) = pixels(path)
    assert shown[:40].max() <= 3
    assert np.abs(shown[56:, :56].astype(int) - (10, 100, 30)).max() < 8
    assert np.abs(shown[56:, 72:].astype(int) - (20, 200, 60)).max() < 8


def hdr_film(path: Path, nits: float, curve: ColorTrc) -> Path:
    """10 bits of one grey; PQ says how bright it is, HLG gets half of its signal."""
    code = float(to_pq(nits)) if curve == ColorTrc.SMPTE2084 else 0.5
    with av.open(str(path), "w") as target:
        film = add_film(target, SIZE)
        film.pix_fmt = "yuv420p10le"
        context = film.codec_context
        context.color_trc, context.color_primaries, context.colorspace = curve, ColorPrimaries.BT2020, 9
        frame = av.VideoFrame(SIZE[1], SIZE[0], "yuv420p10le")
        for plane, value in zip(frame.planes, (round(64 + code * 876), 512, 512), strict=True):
            plane.update(np.full(plane.buffer_size // 2, value, np.uint16).tobytes())
        frame.pts, frame.time_base = 0, MILLISECONDS
        target.mux(film.encode(frame))
        target.mux(film.encode(None))
    return path


@pytest.mark.parametrize(
    ("nits", "least", "most"), [(0, 0, 2), (50, 135, 150), (203, 215, 245), (1000, 253, 255)]
)
def test_an_hdr_film_is_brought_to_ordinary_light(nits: float, least: int, most: int, tmp_path: Path) -> None:
    (shown,) = pixels(hdr_film(tmp_path / "hdr.mkv", nits, ColorTrc.SMPTE2084))
    assert least <= shown.mean() <= most
    assert shown.std() < 2


def test_hlg_is_known_too(tmp_path: Path) -> None:
    (shown,) = pixels(hdr_film(tmp_path / "hlg.mkv", 0, ColorTrc.ARIB_STD_B67))
    assert 120 < shown.mean() < 160  # half of the signal is about 50 nits


# Light of BT.709's green in wider gamuts
WIDE_GREEN = {
    ColorPrimaries.BT2020: (0.3293, 0.9195, 0.0880),
    ColorPrimaries.SMPTE432: (0.1775, 0.9668, 0.0724),
}


@pytest.mark.parametrize("primaries", WIDE_GREEN)
@pytest.mark.parametrize("shown", [(0, 255, 0), (128, 128, 128), (255, 255, 255)])
def test_the_colours_of_a_film_with_a_wide_gamut_are_not_pale(
    primaries: ColorPrimaries, shown: tuple[int, int, int], tmp_path: Path
) -> None:
    path = tmp_path / "wide.mkv"
    light = np.array(shown) / 255
    if shown == (0, 255, 0):
        light = np.array(WIDE_GREEN[primaries]) ** (1 / 2.4)
    with av.open(str(path), "w") as target:
        film = add_film(target, SIZE)
        context = film.codec_context
        context.color_primaries, context.color_trc = primaries, ColorTrc.BT709
        context.colorspace = Colorspace.ITU709
        codes = np.broadcast_to(np.round(light * 255).astype(np.uint8), (*SIZE, 3)).copy()
        frame = av.VideoFrame.from_ndarray(codes, format="rgb24")
        target.mux(film.encode(frame.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709)))
        target.mux(film.encode(None))
    (found,) = pixels(path)
    assert np.abs(found.astype(int) - shown).max() <= (30 if shown == (0, 255, 0) else 4)  # 30 is dark indeed


def test_tone_mapping_never_makes_brighter_light_darker_and_keeps_greys_grey() -> None:
    greys = np.repeat(to_pq(np.geomspace(0.1, 10_000, 200))[:, None], 3, axis=1)
    shown = ordinary(greys, ColorTrc.SMPTE2084)
    assert (np.diff(shown[:, 0]) >= 0).all()
    assert np.ptp(shown, axis=1).max() < 0.01
    assert from_pq(to_pq(100.0)) == pytest.approx(100)


def test_a_film_with_a_hole_goes_on_behind_it_and_says_where_it_is(tmp_path: Path) -> None:
    path = film_of(tmp_path / "film.mp4", g="2", bf="0")
    with av.open(str(path)) as container:
        hole = next(one for one in container.demux(video=0) if one.pts and one.pts * one.time_base > 0.17)
        at, size = hole.pos, hole.size
    data = bytearray(path.read_bytes())
    data[at : at + size] = b"\xff" * size
    path.write_bytes(data)
    film = Film(path, 1)
    times = [time for time, _ in film.frames()]
    assert len(TIMES) - 3 < len(times) < len(TIMES)
    assert times[-1] == TIMES[-1] * 1000
    assert any("at 0.1" in broken for broken in film.broken)


def test_a_film_that_breaks_off_comes_as_far_as_it_goes_and_that_is_said(tmp_path: Path) -> None:
    path = film_of(tmp_path / "film.mkv", g="1", bf="0")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    film = Film(path, 2)
    assert 0 < len(list(film.frames())) < len(TIMES)
    assert "File ended prematurely" in film.broken[-1]


def test_a_file_that_is_no_film_is_named(tmp_path: Path) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("a video is worth a thousand pictures")
    with pytest.raises(CannotRead, match=r"text\.mp4: is not a video that FFmpeg reads"):
        Film(text, 1)
