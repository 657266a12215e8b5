"""`launcher.py cutout` of a video: every frame once, at its time, with the sound as it was."""

import resource
import shutil
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest

from pipeline.cutout_files import CannotCut, targets_of
from pipeline.cutout_video import cut_video
from tests.pipeline.running import REPO, command, until
from tests.workers.made_films import as_a_phone_films, played_after_each_other, recorded, spoilt
from tests.workers.people import folder as people
from tests.workers.people import needs_people
from workers.person._networks import Network

pytestmark = [needs_people(), pytest.mark.timeout(90)]
KINDS = ("overlay", "matte", "white", "rgba")
TIMES = [30, 60, 95, 180, 190, 260, 300, 420]  # milliseconds: as a phone films, no two steps alike
Times = list[Fraction]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight frames of the speaker, his sound, and times of our own."""
    path = tmp_path_factory.mktemp("video") / "clip.mp4"
    with av.open(str(people() / "speaker_clip.mp4")) as source, av.open(str(path), "w") as target:
        film: Any = target.add_stream("libx264", rate=30, options={"crf": "12"})
        film.width, film.height, film.pix_fmt = 640, 360, "yuv420p"
        film.codec_context.time_base = Fraction(1, 1000)
        sound = target.add_stream_from_template(source.streams.audio[0])
        times = iter(TIMES)
        for packet in source.demux(source.streams.video[0], source.streams.audio[0]):
            if packet.dts is None or float(packet.dts * packet.time_base) > 1.5:
                continue
            if packet.stream.type == "audio":
                packet.stream = sound
                target.mux(packet)
                continue
            for frame in packet.decode():
                at = next(times, None)
                if at is not None:
                    picture = av.VideoFrame.from_ndarray(frame.to_ndarray(format="rgb24"), format="rgb24")
                    picture.pts, picture.time_base = at, Fraction(1, 1000)
                    target.mux(film.encode(picture))
        target.mux(film.encode(None))
    return path


@pytest.fixture(scope="module")
def made(clip: Path) -> dict[str, Path]:
    """Its cut-outs."""
    result = command("cutout", str(clip))
    assert result.returncode == 0, result.stderr
    assert f"{len(TIMES)} frames as clip-overlay.mp4, clip-matte.mp4" in result.stdout
    return targets_of(clip, clip.parent, overwrite=True)


def frames(path: Path, layout: str = "rgb24") -> tuple[Times, list[npt.NDArray[np.int64]]]:
    """Times and pixels."""
    with av.open(str(path)) as container:
        found = [(frame.pts * frame.time_base, frame) for frame in container.decode(video=0)]
    return [at for at, _ in found], [frame.to_ndarray(format=layout).astype(np.int64) for _, frame in found]


def sound(path: Path) -> list[tuple[Fraction, bytes]]:
    """When, and the bytes as they are."""
    with av.open(str(path)) as container:
        packets = container.demux(container.streams.audio[0])
        return [(packet.pts * packet.time_base, bytes(packet)) for packet in packets if packet.size]


@pytest.mark.parametrize("kind", KINDS)
def test_no_frame_is_lost_or_doubled_and_each_has_its_time(
    kind: str, clip: Path, made: dict[str, Path]
) -> None:
    times, _ = frames(clip)
    assert len(times) == len(TIMES)
    assert frames(made[kind])[0] == times


@pytest.mark.parametrize("kind", KINDS)
def test_the_sound_is_copied_untouched(kind: str, clip: Path, made: dict[str, Path]) -> None:
    assert len(sound(clip)) > 5
    assert sound(made[kind]) == sound(clip)


@pytest.mark.parametrize("begins", [(10, 50_000), (50_000, 10)])
def test_recordings_that_were_joined_go_on_without_a_hole(
    begins: tuple[float, float], tmp_path: Path
) -> None:
    parts = [recorded(tmp_path / f"{number}.ts", begin, 5) for number, begin in enumerate(begins)]
    source = played_after_each_other(tmp_path, parts)
    target = tmp_path / "matte.mkv"
    assert cut_video(source, Network("selfie-general", 1), {"matte": target}) == "10 frames"
    times, heard = frames(target)[0], [time for time, _ in sound(target)]
    assert len(heard) == sum(len(sound(part)) for part in parts)
    for all_times in (times, heard):
        steps = np.diff([float(time) for time in all_times])
        assert steps.min() > 0.02
        assert steps.max() < 1.5
    assert float(heard[len(heard) // 2] - times[5]) == pytest.approx(0.1, abs=0.01)


def test_each_video_shows_what_a_picture_s_cut_out_does(clip: Path, made: dict[str, Path]) -> None:
    _, pictures = frames(clip)
    _, overlays = frames(made["overlay"])
    _, mattes = frames(made["matte"], "gray")
    _, whites = frames(made["white"])
    _, transparent = frames(made["rgba"], "rgba")
    for picture, overlay, matte, white, rgba in zip(
        pictures, overlays, mattes, whites, transparent, strict=True
    ):
        person, nobody = matte > 240, matte < 12
        assert person.mean() > 0.1
        assert nobody.mean() > 0.1
        assert white[nobody].mean() > 250
        assert np.abs(white - picture)[person].mean() < 4
        assert np.abs(overlay - picture)[nobody].mean() < 4
        assert (overlay[person][:, 1] > 115).mean() > 0.99, "half green"
        assert np.abs(rgba[..., 3] - matte).mean() < 2
        assert np.abs(rgba[..., :3] - picture).mean() < 4


def test_a_full_disk_is_said_and_leaves_nothing(clip: Path, tmp_path: Path) -> None:
    def full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    result = command("cutout", str(clip), "--out", str(tmp_path), preexec_fn=full)
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == f"{clip}: its cut-outs cannot be written: File too large"
    assert not list(tmp_path.iterdir())


def test_a_video_without_an_ending_is_one(clip: Path, tmp_path: Path) -> None:
    result = command("cutout", str(shutil.copy(clip, tmp_path / "filmed")), "--model", "meet-lite")
    assert result.returncode == 0, result.stderr
    assert frames(tmp_path / "filmed-white.mkv")[0] == frames(clip)[0]


def test_ctrl_c_leaves_videos_of_what_was_made(tmp_path: Path) -> None:
    clip = people() / "speaker_clip.mp4"
    program = subprocess.Popen(
        [sys.executable, str(REPO / "launcher.py"), "cutout", str(clip), "--out", str(tmp_path)],
        stderr=subprocess.PIPE,
        text=True,
    )
    until(lambda: any(part.stat().st_size > 500_000 for part in tmp_path.glob(".*rgba*")), "some is made")
    program.send_signal(signal.SIGINT)
    said = program.communicate(timeout=30)[1]
    assert program.returncode == 130
    assert f"{clip}: stopped; " in said
    counts = {len(frames(path)[0]) for path in targets_of(clip, tmp_path, overwrite=True).values()}
    (count,) = counts
    assert 0 < count < 275
    assert f"{count} frames are in" in said
    assert not list(tmp_path.glob(".*"))


def test_a_video_that_breaks_off_is_cut_out_as_far_as_it_goes_and_one_that_is_none_is_named(
    clip: Path, tmp_path: Path
) -> None:
    network = Network("selfie-landscape", 1)
    text = tmp_path / "text.mp4"
    text.write_text("a video is worth a thousand pictures")
    with pytest.raises(CannotCut, match="is not a video that FFmpeg reads"):
        cut_video(text, network, targets_of(text, tmp_path, overwrite=False))
    whole = tmp_path / "film.mkv"
    with av.open(str(clip)) as source, av.open(str(whole), "w") as target:
        film = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = film
                target.mux(packet)
    data = whole.read_bytes()
    whole.write_bytes(data[: len(data) * 3 // 4])
    targets = targets_of(whole, tmp_path, overwrite=False)
    said = cut_video(whole, network, targets)
    count = int(said.split()[0])
    assert 0 < count < len(TIMES)
    assert {len(frames(path)[0]) for path in targets.values()} == {count}
    assert not list(tmp_path.glob(".*"))


def test_a_packet_that_cannot_be_decoded_is_left_out_and_named(tmp_path: Path) -> None:
    film = spoilt(with_sound(tmp_path / "whole.mov", "pcm_s16le", 30), tmp_path / "film.mov", 12, "video")
    with av.open(str(film)) as source, pytest.raises(av.InvalidDataError):
        [*source.decode(video=0)]
    targets = targets_of(film, tmp_path, overwrite=False)
    with pytest.raises(
        CannotCut, match=r"film\.mov: \d+ frames are cut out; what cannot be read is left out: at"
    ):
        cut_video(film, Network("selfie-landscape", 1), targets)
    for target in targets.values():
        assert 20 < len(frames(target)[0]) < 30
        assert sound(target) == sound(film)
    assert not list(tmp_path.glob(".*"))


def with_sound(path: Path, codec: str, count: int = 6) -> Path:
    """Frames of a grey person, and a moment of silence."""
    with av.open(str(path), "w") as target:
        film: Any = target.add_stream("libx264", rate=25)
        film.width, film.height, film.pix_fmt = 64, 64, "yuv420p"
        sound: Any = target.add_stream(codec, rate=8000, layout="mono")
        for number in range(count):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 8 * number, np.uint8), format="rgb24")
            frame.pts = number
            target.mux(film.encode(frame))
        target.mux(film.encode(None))
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.int16), format="s16", layout="mono")
        silence.rate = 8000
        for frame in av.AudioResampler(sound.format.name, "mono", 8000).resample(silence):
            target.mux(sound.encode(frame))
        target.mux(sound.encode(None))
    return path


def test_sound_that_cannot_be_copied_is_left_out_and_named_and_the_rest_of_a_folder_is_done(
    tmp_path: Path,
) -> None:
    phone = with_sound(tmp_path / "a.mov", "pcm_s16le")
    phone.write_bytes(phone.read_bytes().replace(b"sowt", b"apac"))
    with av.open(str(phone)) as source:
        assert source.streams.audio[0].codec_context is None, "FFmpeg does not know it"
    with_sound(tmp_path / "b.mov", "pcm_mulaw").rename(tmp_path / "b.mp4")
    with_sound(tmp_path / "c.mov", "pcm_s16le")
    done = command("cutout", str(tmp_path), "--model", "selfie-landscape")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    unknown, known = done.stderr.splitlines()[-2:]
    assert f"{phone}: 6 frames are cut out; sound 1 (unknown to FFmpeg) cannot be put" in unknown
    assert f"{tmp_path / 'b.mp4'}: 6 frames are cut out; sound 1 (pcm_mulaw) cannot be put into b-ov" in known
    assert "b-rgba.mov" not in known
    assert sound(tmp_path / "b-rgba.mov") == sound(tmp_path / "b.mp4")
    assert sound(tmp_path / "c-overlay.mov") == sound(tmp_path / "c.mov")
    for name in "abc":
        for path in targets_of(tmp_path / f"{name}.mov", tmp_path, overwrite=True).values():
            assert len(frames(path if path.exists() else path.with_suffix(".mp4"))[0]) == 6


@pytest.mark.parametrize("kind", ["avi", "h264"])
def test_a_video_whose_times_do_not_rise_or_are_not_there_loses_no_frame(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "old.avi"
    with av.open(str(path), "w", format=kind) as target:
        film: Any = target.add_stream("libx264", rate=25, options={"bf": "2"})
        film.width, film.height, film.pix_fmt = 64, 64, "yuv420p"
        for number in range(20):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 12 * number, np.uint8), format="rgb24")
            frame.pts = number
            target.mux(film.encode(frame))
        target.mux(film.encode(None))
    with av.open(str(path)) as source:
        said = [frame.pts for frame in source.decode(video=0)]
    assert None in said or said != sorted(said)
    targets = targets_of(path, tmp_path, overwrite=False)
    assert cut_video(path, Network("selfie-landscape", 1), targets) == "20 frames"
    for target in targets.values():
        times = frames(target)[0]
        assert len(times) == 20
        assert float(times[-1] - times[0]) == pytest.approx(19 / 25, abs=0.1)
    grey = [picture.mean() for picture in frames(targets["rgba"], "rgba")[1]]
    assert grey == sorted(grey), "in the order in which they are seen"


def test_a_name_with_a_colon_is_a_file_and_one_that_is_not_there_is_not_blamed_on_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with_sound(tmp_path / "x.mov", "pcm_s16le").rename("12:30.mov")
    network, path = Network("selfie-landscape", 1), Path("12:30.mov")
    assert cut_video(path, network, targets_of(path, Path(), overwrite=False)) == "6 frames"
    gone = Path("gone.mp4")
    with pytest.raises(CannotCut, match=r"^gone\.mp4: is not a video that FFmpeg reads"):
        cut_video(gone, network, targets_of(gone, Path(), overwrite=False))


def test_a_video_of_a_phone_is_shown_as_a_player_shows_it(tmp_path: Path) -> None:
    """Turned, with square pixels, in the colours of HD where nothing says which."""
    right_way_up = np.full((320, 1440, 3), (20, 200, 60), np.uint8)
    right_way_up[:60] = (200, 40, 40)
    as_a_phone_films(tmp_path / "phone.mp4", right_way_up)
    targets = targets_of(tmp_path / "phone.mp4", tmp_path, overwrite=False)
    cut_video(tmp_path / "phone.mp4", Network("selfie-landscape", 1), targets)
    (shown,) = frames(targets["overlay"])[1]
    assert shown.shape == right_way_up.shape
    assert np.abs(shown - right_way_up).mean() < 5
