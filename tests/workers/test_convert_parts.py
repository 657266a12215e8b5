"""Parts of a converted video: whole or not there, and joined without a gap."""

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from pipeline.convert_folder import CannotConvert
from pipeline.convert_join import join, try_out
from tests.live.needs import needs
from tests.workers.made_films import (
    add_film,
    add_frames,
    packets,
    picture,
    played_after_each_other,
    recorded,
    shown_times,
)
from workers.convert import EncoderName, Settings
from workers.convert._conversion import End
from workers.convert._film import Film
from workers.convert._segments import Segments, segments_in
from workers.worker import CannotWork

SIZE = (64, 96)
TIMES = [-80, -40, 0, 35, 95, 180, 190, 260, 300, 420, 421, 500, 900, 950]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "film.mp4"
    with av.open(str(path), "w") as container:
        add_frames(container, add_film(container, SIZE), TIMES)
    return path


def segments_of(source: Path, seconds: float = 0.2, encoder: EncoderName = "libx264") -> Segments:
    folder = source.parent / "done"
    folder.mkdir(exist_ok=True)
    convert = Settings(encoder=encoder, preset="fast", segment_seconds=seconds)
    return Segments(folder, source, convert, "half-sbs", False, 1)


def said_of(path: Path) -> str:
    """What the file says of its video, besides what that says itself."""
    command = ["ffprobe", "-v", "error", "-show_entries", "stream_side_data=side_data_type", "-of", "csv=p=0"]
    return subprocess.run([*command, str(path)], capture_output=True, text=True, check=True).stdout.strip()


def fill(segments: Segments, numbers: range, times: list[int]) -> None:
    for number in numbers:
        segments.add(number, times[number], picture(number, 0, SIZE))


@needs("ffprobe")
@pytest.mark.parametrize("encoder", ["libx264", "libx265", "libsvtav1"])
def test_parts_that_follow_each_other_become_one_video_with_the_source_s_times(
    encoder: EncoderName, source: Path
) -> None:
    exact = shown_times(source)
    times = [round(time * 1_000_000) for time in exact]
    first = segments_of(source, encoder=encoder)
    fill(first, range(9), times)
    first.finish()
    second = segments_of(source, encoder=encoder)  # after a pause, say
    fill(second, range(9, len(times)), times)
    second.finish()
    found = segments_in(source.parent / "done")
    assert len(found) > 3
    assert [begin for begin, _, _ in found[1:]] == [end for _, end, _ in found[:-1]]
    for ending in (".mp4", ".mkv"):
        out = source.with_name(f"joined{ending}")
        join(source, [path for _, _, path in found], out, "left_right", End(len(times)))
        shown = shown_times(out)
        steps = np.diff([float(time) for time in shown])
        assert len(shown) == len(times)
        assert steps == pytest.approx(np.diff([float(time) for time in exact]), abs=0.0011)
        if ending == ".mp4":
            assert shown == exact
        assert said_of(out) == "Stereo 3D"
        assert rate_of(out) == pytest.approx(rate_of(source), rel=0.5)  # each container reckons in its way


def rate_of(path: Path) -> float:
    """Frames a second, as the container says."""
    with av.open(str(path)) as container:
        return float(container.streams.video[0].average_rate or 0)


@pytest.mark.parametrize("base", [Fraction(1, 90000), Fraction(1001, 30000), Fraction(1, 600)])
def test_times_stay_exact_whatever_the_source_counts_in(base: Fraction, tmp_path: Path) -> None:
    path = tmp_path / "film.nut"
    with av.open(str(path), "w", format="nut") as container:
        film = add_film(container, SIZE)
        film.codec_context.time_base = film.time_base = base
        for number in range(7):
            frame = av.VideoFrame.from_ndarray(picture(number, 0, SIZE), format="rgb24")
            frame.pts, frame.time_base = 5 + number * 3, base
            container.mux(film.encode(frame))
        container.mux(film.encode(None))
    exact = shown_times(path)
    segments = segments_of(path)
    fill(segments, range(7), [round(time * 1_000_000) for time in exact])
    segments.finish()
    out = tmp_path / "joined.nut"
    join(path, [part for _, _, part in segments_in(tmp_path / "done")], out, "left_right", End(7))
    shown = shown_times(out)
    assert [time - shown[0] for time in shown] == [time - exact[0] for time in exact]


def on_a_disc(path: Path, begin: float) -> Path:
    """A second as DVDs have it, with pictures that refer to later ones."""
    with av.open(str(path), "w", format="vob") as container:
        film: Any = container.add_stream("mpeg2video", rate=25, options={"bf": "2"})
        film.height, film.width = SIZE
        sound: Any = container.add_stream("mp2", rate=48000)
        sound.layout = "mono"
        shown = [av.VideoFrame.from_ndarray(picture(number, 0, SIZE), format="rgb24") for number in range(25)]
        quiet = av.AudioFrame.from_ndarray(np.zeros((1, 48000), np.int16), format="s16", layout="mono")
        for number, frame in enumerate(shown):
            frame.pts, frame.time_base = number, Fraction(1, 25)
        quiet.sample_rate, quiet.pts, quiet.time_base = 48000, 0, Fraction(1, 48000)
        made = [packet for frame in [*shown, None] for packet in film.encode(frame)]
        made += [*sound.encode(quiet), *sound.encode(None)]
        for packet in sorted(made, key=lambda one: one.dts * one.time_base):
            packet.pts += int(begin / packet.time_base)
            packet.dts += int(begin / packet.time_base)
            container.mux(packet)
    return path


@pytest.mark.parametrize("begins", [(10, 10), (50_000, 10), (10, 50_000)])
def test_the_parts_of_a_disc_become_one_film(begins: tuple[float, float], tmp_path: Path) -> None:
    parts = [on_a_disc(tmp_path / f"{number}.vob", begin) for number, begin in enumerate(begins)]
    source = tmp_path / "all.vob"
    source.write_bytes(b"".join(part.read_bytes() for part in parts))
    out = joined(source, ".mkv")
    heard = [time for time, _ in packets(out, "audio")]
    assert len(heard) == 2 * len(packets(parts[0], "audio"))
    assert len(shown_times(out)) == 2 * 25
    for times in (shown_times(out), heard):
        steps = np.diff([float(time) for time in times])
        assert steps.min() > 0.02
        assert steps.max() < 0.1


def joined(source: Path, ending: str) -> Path:
    """As it is, in parts and together again."""
    film, segments = Film(source, 1), segments_of(source)
    count = 0
    for count, (time, frame) in enumerate(film.frames(), 1):
        segments.add(count - 1, time, film.upright(frame))
    segments.finish()
    out = source.with_name(f"joined{ending}")
    parts = [path for _, _, path in segments_in(source.parent / "done")]
    join(source, parts, out, "left_right", End(count, film.last))
    return out


@pytest.mark.parametrize("ending", [".mp4", ".mkv"])
@pytest.mark.parametrize("name", ["recorded.ts", "cut out.mkv"])
def test_a_recording_s_clock_may_begin_anywhere_and_the_result_s_begins_at_0(
    name: str, ending: str, tmp_path: Path
) -> None:
    source = recorded(tmp_path / name, 50_000)
    out = joined(source, ending)
    begin = shown_times(source)[0]
    assert begin >= 50_000
    assert shown_times(out) == [time - begin for time in shown_times(source)]
    heard = packets(out, "audio")
    was = packets(source, "audio")
    assert [data for _, data in heard] == [data for _, data in was]
    assert [float(time) for time, _ in heard] == pytest.approx(
        [float(time - begin) for time, _ in was], abs=0.001
    )
    with av.open(str(out)) as container:
        assert 1 <= container.duration / 1e6 < 1.3
        chapters = [(one["start"] * one["time_base"], one["metadata"]) for one in container.chapters()]
    assert chapters == ([(0, {"title": "One"})] if source.suffix == ".mkv" else [])


@pytest.mark.parametrize("ending", [".mp4", ".mkv"])
@pytest.mark.parametrize("begins", [(50_000, 10), (50_000, 49_999.5), (10, 50_000), (10, 10, 10)])
def test_where_recordings_were_joined_time_goes_on_and_sound_and_picture_stay_together(
    begins: tuple[float, ...], ending: str, tmp_path: Path
) -> None:
    pieces = [recorded(tmp_path / f"{number}.ts", begin) for number, begin in enumerate(begins)]
    source = played_after_each_other(tmp_path, pieces)
    pictures, sounds = len(shown_times(pieces[0])), len(packets(pieces[0], "audio"))
    out = joined(source, ending)
    shown = [float(time) for time in shown_times(out)]
    heard = [float(time) for time, _ in packets(out, "audio")]
    assert (len(shown), len(heard)) == (len(begins) * pictures, len(begins) * sounds)
    assert shown[0] == 0
    for piece in range(len(begins)):
        assert heard[piece * sounds] - shown[piece * pictures] == pytest.approx(0.1, abs=0.01)
    for times in (shown, heard):
        steps = np.diff(times)
        assert steps.min() > 0.02
        assert steps.max() < 0.3


@pytest.mark.parametrize("ending", [".mp4", ".mkv"])
@pytest.mark.parametrize(("pictures", "heard"), [(25, 13), (325, 1)])
@pytest.mark.parametrize("begins", [(50_000, 10), (10, 50_000)])
def test_where_the_sound_ends_before_the_picture_or_long_after_it_both_go_on_together(
    begins: tuple[float, float], pictures: int, heard: float, ending: str, tmp_path: Path
) -> None:
    first = recorded(tmp_path / "0.ts", begins[0], pictures, heard)
    second = recorded(tmp_path / "1.ts", begins[1])
    source = played_after_each_other(tmp_path, [first, second])
    begins_anew = len(packets(first, "audio"))
    out = joined(source, ending)
    shown = [float(time) for time in shown_times(out)]
    sounds = [float(time) for time, _ in packets(out, "audio")]
    assert len(shown) == pictures + 25
    assert shown[pictures] == pytest.approx(13.05, abs=0.1)
    assert sounds[begins_anew] - shown[pictures] == pytest.approx(0.1, abs=0.01)
    assert np.diff(shown).min() > 0.03


@pytest.mark.parametrize("ending", [".mp4", ".mkv"])
@pytest.mark.parametrize(
    ("times", "last"),
    [
        ([0, 40, 80], 3000),
        ([0, 3000, 3040, 3080], 40),
        ([*range(0, 400, 40)], 700),
        ([0], 1000),
        ([0, 40, 80], 0),
    ],
)
def test_the_last_picture_is_shown_as_long_as_it_was(
    times: list[int], last: int, ending: str, tmp_path: Path
) -> None:
    path = tmp_path / "slides.mp4"
    with av.open(str(path), "w") as container:
        film = add_film(container, SIZE, bf="0")
        add_frames(container, film, times, last=last)
    with av.open(str(joined(path, ending))) as container:
        assert container.duration / 1000 == pytest.approx(times[-1] + (last or 40), abs=2)


@needs("ffmpeg")
def test_the_subtitles_of_an_mp4_are_plain_ones_in_matroska_and_languages_stay(tmp_path: Path) -> None:
    film, texts, source = (tmp_path / name for name in ("plain.mp4", "texts.srt", "film.mp4"))
    texts.write_text(
        "1\n00:00:00,200 --> 00:00:00,500\nÜber\nalles\n\n2\n00:00:01,000 --> 00:00:01,400\nnah\n"
    )
    with av.open(str(film), "w") as container:
        add_frames(container, add_film(container, SIZE), range(0, 2000, 40))
    command = ["ffmpeg", "-v", "error", "-i", str(film), "-i", str(texts), "-c:v", "copy", "-c:s", "mov_text"]
    command += ["-metadata:s:v", "language=fre", "-metadata:s:s", "language=ger", str(source)]
    subprocess.run(command, check=True)
    try_out(source, tmp_path, ".mkv", Settings(), "half-sbs", False)
    out = joined(source, ".mkv")
    assert packets(out, "subtitle") == [(Fraction(1, 5), "Über\nalles".encode()), (Fraction(1), b"nah")]
    with av.open(str(out)) as container:
        assert [one.metadata.get("language") for one in container.streams] == ["fre", "ger"]
        text = container.streams.subtitles[0]
        assert text.codec_context.name in ("subrip", "srt")
        lengths = [float(one.duration * one.time_base) for one in container.demux(text) if one.size]
        assert lengths == pytest.approx([0.3, 0.4])


def test_a_part_that_is_not_finished_does_not_count_and_neither_does_what_follows_a_gap(
    source: Path,
) -> None:
    segments = segments_of(source, seconds=100)
    fill(segments, range(4), [number * 40_000 for number in range(4)])
    folder = source.parent / "done"
    assert segments_in(folder) == []
    segments.finish()
    (folder / "000000009-000000011.nut").write_bytes(b"")
    assert [(begin, end) for begin, end, _ in segments_in(folder)] == [(0, 4)]


def test_a_video_that_lacks_frames_is_never_put_together(source: Path) -> None:
    segments = segments_of(source)
    fill(segments, range(4), [number * 40_000 for number in range(4)])
    segments.finish()
    parts = [path for _, _, path in segments_in(source.parent / "done")]
    with pytest.raises(CannotConvert, match="have 4 of 5 frames"):
        join(source, parts, source.with_name("joined.mp4"), "left_right", End(5))


@contextmanager
def files_of_at_most(nbytes: int) -> Iterator[None]:
    """As if the disk was full then."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (nbytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_said_and_leaves_no_part_that_looks_whole(source: Path) -> None:
    segments = segments_of(source, seconds=100)
    noise = np.random.default_rng(0)

    def go_on() -> None:
        for number in range(200):
            segments.add(number, number * 40_000, noise.integers(0, 255, (*SIZE, 3), np.uint8))
        segments.finish()

    with files_of_at_most(20_000), pytest.raises(CannotWork, match=r"libx264 cannot go on|is the disk full"):
        go_on()
    segments.finish()  # as when the worker closes: there is nothing left to finish
    assert segments_in(source.parent / "done") == []
    assert os.listdir(source.parent / "done") == ["000000000.part"]


def test_what_a_container_cannot_hold_is_said_before_anything_is_done(tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    texts = tmp_path / "texts.srt"
    texts.write_text("1\n00:00:00,000 --> 00:00:01,000\nhello\n")
    with av.open(str(path), "w") as container, av.open(str(texts)) as subtitles:
        film = add_film(container, SIZE)
        text = container.add_stream_from_template(subtitles.streams.subtitles[0])
        add_frames(container, film, [0, 40])
        for packet in subtitles.demux():
            if packet.size:
                packet.stream = text
                container.mux(packet)
    assert packets(path, "subtitle")
    for ending, encoder in ((".mp4", "libx264"), (".mkv", "h264_nvenc"), (".webm", "libx264")):
        with pytest.raises(CannotConvert, match=f"{encoder} do not go into {ending}"):
            try_out(path, tmp_path, ending, Settings(encoder=encoder), "half-sbs", False)
    with pytest.raises(CannotConvert, match="name has to end in"):
        try_out(path, tmp_path, ".avi", Settings(), "half-sbs", False)
    for encoder in ("libx264", "libx265", "libsvtav1"):
        try_out(path, tmp_path, ".mkv", Settings(encoder=encoder), "half-sbs", False)
    assert sorted(item.name for item in tmp_path.iterdir()) == ["film.mkv", "texts.srt"]
