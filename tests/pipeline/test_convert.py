"""`launcher.py convert`, as a user starts it: every frame once and at its time, all else as it was, and what
is done outlives every kill."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt
import psutil
import pytest
from PIL import Image, ImageCms

from pipeline.commands import main
from pipeline.convert_folder import CannotConvert, agree, folder_of, held
from pipeline.convert_job import conversion_of, job_of, settings_for
from pipeline.graph import Plan, make_plan
from tests.live.needs import needs
from tests.pipeline.running import REPO, WATCHDOG, command, is_there, until
from tests.shm.ring_processes import die_with_parent
from tests.workers.made_films import add_film, add_frames, add_sound, packets, picture, shown_times
from workers.convert._conversion import Conversion

pytestmark = [needs("model", "ffprobe"), pytest.mark.timeout(120)]
SIZE, FRAMES, CUT = (96, 128), 90, 50
TIMES = [37 * number + (number % 3) * 9 + (number > 20) * 400 for number in range(FRAMES)]
SUBTITLES = (
    "1\n00:00:00,200 --> 00:00:01,500\nEverything is deep\n\n2\n00:00:02,000 --> 00:00:03,000\nor near\n"
)
SETTINGS = (
    "--set=depth.model=tcmonodepth-small",
    "--set=stereo.layout=full-sbs",
    "--set=stereo.fill_16_9=false",
    "--set=stereo.strength=4",
    "--set=convert.preset=fast",
    "--set=convert.segment_seconds=0.5",
)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Frames at odd times with a cut, two tones, subtitles, a chapter and a title."""
    path = tmp_path_factory.mktemp("convert") / "film.mkv"
    subtitles = path.with_suffix(".srt")
    subtitles.write_text(SUBTITLES)
    with av.open(str(path), "w") as target, av.open(str(subtitles)) as texts:
        target.metadata["title"] = "A pattern drifts"
        target.set_chapters(
            [{"id": 1, "start": 0, "end": 2000, "time_base": Fraction(1, 1000), "metadata": {"title": "One"}}]
        )
        video = add_film(target, SIZE)
        sounds: list[Any] = [target.add_stream(codec, rate=48000) for codec in ("aac", "libopus")]
        for sound, language in zip(sounds, ("eng", "fra"), strict=True):
            sound.layout, sound.metadata["language"] = "mono", language
        text = target.add_stream_from_template(texts.streams.subtitles[0])
        for packet in texts.demux():
            if packet.size:
                packet.stream = text
                target.mux(packet)
        add_frames(target, video, TIMES, cuts=[CUT])
        for sound in sounds:
            add_sound(target, sound, 3.5)
    return path


@pytest.fixture(scope="module")
def made(film: Path) -> Path:
    """What it becomes, with its depth beside it."""
    out = film.with_name("film-3d.mkv")
    result = convert(film, out, "--depth-out", str(film.parent / "depth"))
    assert result.returncode == 0, result.stderr
    assert result.stdout == f"{out}: {FRAMES} frames\n"
    assert result.stderr == ""
    return out


def convert(source: Path, out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return command("convert", str(source), str(out), *SETTINGS, *more)


def refused(capsys: pytest.CaptureFixture[str], source: Path, out: Path, *more: str) -> str:
    """What it says, where it does not even begin."""
    assert main(["convert", str(source), str(out), *SETTINGS, *more]) == 1
    return capsys.readouterr().err


def frames(path: Path) -> list[npt.NDArray[np.int64]]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24").astype(np.int64) for frame in container.decode(video=0)]


def probed(path: Path, *what: str) -> dict[str, Any]:
    found = subprocess.run(
        ["ffprobe", "-v", "error", "-of", "json", *what, str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    answer: dict[str, Any] = json.loads(found.stdout)
    return answer


def test_no_frame_is_lost_or_doubled_and_each_has_its_time(film: Path, made: Path) -> None:
    assert len(shown_times(made)) == FRAMES
    assert shown_times(made) == shown_times(film)


def test_each_frame_is_its_own_beside_its_other_view(made: Path) -> None:
    for number, shown in enumerate(frames(made)):
        left, right = np.hsplit(shown, 2)
        was = picture(number, int(number >= CUT)).astype(np.int64)
        assert np.abs(left - was).mean() < 25
        assert np.abs(right - was).mean() < 25
        for other in (number - 4, number + 4):
            assert np.abs(left - was).mean() < np.abs(left - picture(other, int(number >= CUT))).mean()


@pytest.mark.parametrize(("kind", "which"), [("audio", 0), ("audio", 1), ("subtitle", 0)])
def test_sound_and_subtitles_are_copied_untouched(kind: str, which: int, film: Path, made: Path) -> None:
    assert len(packets(film, kind, which)) > 1
    assert packets(made, kind, which) == packets(film, kind, which)


def test_languages_chapters_and_the_title_stay(made: Path) -> None:
    about = probed(made, "-show_streams", "-show_chapters", "-show_format")
    assert [stream["tags"].get("language") for stream in about["streams"]][1:3] == ["eng", "fra"]
    assert about["chapters"][0]["tags"]["title"] == "One"
    assert about["format"]["tags"]["title"] == "A pattern drifts"


def test_players_are_told_that_it_is_3d_and_how(made: Path) -> None:
    about = probed(made, "-show_streams", "-select_streams", "v")
    (video,) = about["streams"]
    assert video["tags"]["stereo_mode"] == "left_right"
    assert (video["width"], video["height"]) == (2 * SIZE[1], SIZE[0])
    first = probed(made, "-show_frames", "-select_streams", "v", "-read_intervals", "%+#1")["frames"][0]
    assert "Stereo 3D" in [data["side_data_type"] for data in first["side_data_list"]]


def test_nothing_of_the_work_is_left(made: Path) -> None:
    assert not [path for path in made.parent.iterdir() if "converting" in path.name]


def test_the_depth_of_each_frame_is_there_in_16_bits(made: Path) -> None:
    maps = sorted((made.parent / "depth").iterdir())
    assert [path.name for path in maps] == [f"{number:09}.png" for number in range(FRAMES)]
    first = cv2.imread(str(maps[0]), cv2.IMREAD_UNCHANGED)
    assert first is not None
    assert first.dtype == np.uint16
    assert len(np.unique(first)) > 500


def test_depth_that_is_given_takes_the_network_s_place(film: Path, made: Path) -> None:
    out = film.with_name("given.mkv")
    result = convert(film, out, "--depth-in", str(made.parent / "depth"), "--set=convert.encoder=libx265")
    assert result.returncode == 0, result.stderr
    ours, given = frames(made), frames(out)
    assert len(given) == FRAMES
    assert np.mean([np.abs(a - b).mean() for a, b in zip(ours, given, strict=True)]) < 12


class Converting:
    """One that runs, and its working folder."""

    def __init__(self, film: Path, out: Path) -> None:
        self.folder = out.with_name(f".{out.name}.converting")
        self.process = subprocess.Popen(
            [sys.executable, str(REPO / "launcher.py"), "convert", str(film), str(out), *SETTINGS],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=die_with_parent,
        )
        self.workers: list[psutil.Process] = []

    def stop_at(self, parts: int) -> None:
        """As soon as so many parts of the video are whole; its workers are noted, and stand still too."""
        until(lambda: self._parts() >= parts or self.process.poll() is not None, f"{parts} parts")
        assert self.process.poll() is None, self.process.communicate()
        launcher = psutil.Process(self.process.pid)
        launcher.suspend()
        self.workers = launcher.children(recursive=True)
        for worker in self.workers:
            worker.suspend()

    def go_on(self) -> None:
        for process in [*self.workers, psutil.Process(self.process.pid)]:
            if is_there(process):
                process.resume()

    def said(self) -> tuple[int, str]:
        """Exit code and stderr, at its end; none of its workers is left."""
        said = self.process.communicate(timeout=WATCHDOG)[1]
        until(lambda: not any(is_there(worker) for worker in self.workers), "its workers are gone")
        return self.process.returncode, said

    def writing(self) -> psutil.Process:
        """The last in the line, and the last to be started."""
        return max(self.workers, key=lambda worker: worker.create_time())

    def _parts(self) -> int:
        return len(list((self.folder / "done").glob("*.nut")))


@contextmanager
def converting(film: Path, out: Path) -> Iterator[Converting]:
    one = Converting(film, out)
    try:
        yield one
    finally:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()


def test_whatever_ends_it_the_same_command_goes_on_and_the_frames_are_the_same(
    film: Path, made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "film-3d.mkv"
    with converting(film, out) as first:
        first.stop_at(1)
        assert "another conversion is making it just now" in refused(capsys, film, out)
        first.process.send_signal(signal.SIGINT)
        first.go_on()
        code, said = first.said()
        assert code == 130
        assert "the same command goes on" in said
    assert not out.exists()
    with converting(film, out) as second:
        second.stop_at(3)
        os.kill(second.process.pid, signal.SIGKILL)
        second.go_on()
        second.said()
    scenes = json.loads((second.folder / "scenes.json").read_text())
    assert [begin for begin, _, _ in scenes] == [1000 * TIMES[0], 1000 * TIMES[CUT]]
    assert not out.exists()
    assert "another stereo" in refused(capsys, film, out, "--set=stereo.strength=1")
    with converting(film, out) as third:
        third.stop_at(5)
        third.writing().kill()
        third.go_on()
        code, said = third.said()
        assert code == 0, said
        assert "was killed by signal 9" in said
        assert "going on with frame" in said
    assert shown_times(out) == shown_times(film)
    assert packets(out, "audio") == packets(film, "audio")
    for whole, resumed in zip(frames(made), frames(out), strict=True):
        assert np.abs(whole - resumed).mean() < 6
    assert list(tmp_path.iterdir()) == [out]
    assert "is there already; give --overwrite" in refused(capsys, film, out)


def test_pictures_of_all_shapes_become_pictures_under_their_names(tmp_path: Path) -> None:
    folder, out = tmp_path / "photos", tmp_path / "photos-3d"
    folder.mkdir()
    for name, size in (("wide.png", (90, 240)), ("as it is.jpg", (120, 160)), ("upright.png", (200, 90))):
        cv2.imwrite(str(folder / name), picture(0, 1, size)[..., ::-1])
    (folder / "notes.txt").write_text("not a picture")
    result = convert(folder, out)
    assert result.returncode == 0, result.stderr
    assert result.stdout == f"{out}: 3 pictures\n"
    assert sorted(path.name for path in out.iterdir()) == ["as it is.jpg", "upright.png", "wide.png"]
    for name, size in (("wide.png", (90, 240)), ("as it is.jpg", (120, 160)), ("upright.png", (200, 90))):
        shown = cv2.imread(str(out / name))
        assert shown is not None
        assert shown.shape[:2] == (size[0], 2 * size[1])
        left = shown[:, : size[1], ::-1].astype(int)
        assert np.abs(left - picture(0, 1, size)).mean() < 25
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photos", "photos-3d"]


def test_the_smallest_pictures_become_pictures_too(tmp_path: Path) -> None:
    folder, out = tmp_path / "photos", tmp_path / "photos-3d"
    folder.mkdir()
    shapes = [(1, 1), (2, 2), (3, 5), (1, 300), (300, 1), (2, 9000), (2000, 3)]
    for rows, columns in shapes:
        pixels = np.full((rows, columns, 3), (10, 120, 250), np.uint8)
        cv2.imwrite(str(folder / f"{rows} {columns}.png"), pixels)
    result = convert(folder, out)
    assert result.returncode == 0, result.stderr
    for rows, columns in shapes:
        shown = cv2.imread(str(out / f"{rows} {columns}.png"))
        assert shown is not None
        assert shown.shape[:2] == (max(2, min(1080, rows & ~1)), 4 if columns < 4 else 2 * (columns & ~1))
        assert (shown == (10, 120, 250)).all()


def plan_for(source: Path, out: Path, **stereo: Any) -> Plan:
    settings = settings_for(REPO / "settings.yaml", None, ["depth.model=tcmonodepth-small"])
    sections = {
        **settings.sections,
        "conversion": conversion_of(source, out, out.parent, None, None),
        "stereo": replace(settings.section("stereo"), **stereo),
    }
    return make_plan(replace(settings, sections=sections), job="convert")


def test_a_large_photo_takes_no_more_memory_than_its_two_views_need(tmp_path: Path) -> None:
    photo, out = tmp_path / "photo.jpg", tmp_path / "out.jpg"
    cv2.imwrite(str(photo), np.zeros((8160, 6144), np.uint8))
    assert plan_for(photo, out).nbytes < 50e6
    assert plan_for(photo, out, height=720).nbytes < plan_for(photo, out).nbytes / 1.5
    whole = plan_for(photo, out, height=9000)
    sizes = {ring.name: ring.slot_bytes for ring in whole.rings}
    assert sizes["frame"] >= 8160 * 6144 * 3
    assert {ring.slots for ring in whole.rings} == {2}
    (tmp_path / "photos").mkdir()
    photo.rename(tmp_path / "photos" / "photo.jpg")
    assert plan_for(tmp_path / "photos", tmp_path / "out").nbytes < 150e6


def test_a_picture_keeps_the_profile_that_says_what_its_colours_mean(tmp_path: Path) -> None:
    folder, out = tmp_path / "photos", tmp_path / "photos-3d"
    folder.mkdir()
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    names = ["a.png", "b.jpg", "c.webp", "d.BMP", "e.png", "grey.png"]
    for name in names[:4]:
        Image.fromarray(picture(0, 0)).save(folder / name, icc_profile=profile)
    Image.fromarray(picture(0, 0)).save(folder / "e.png")
    grey = profile[:16] + b"GRAY" + profile[20:]
    Image.fromarray(picture(0, 0)[..., 0]).save(folder / "grey.png", icc_profile=grey)
    result = convert(folder, out)
    assert result.returncode == 0, result.stderr
    kept = []
    for name in names:
        with Image.open(out / name) as made:
            kept.append(made.info.get("icc_profile"))
    assert kept == [profile, profile, profile, None, None, None]


def test_pictures_that_cannot_be_read_are_left_out_and_named(tmp_path: Path) -> None:
    folder, out = tmp_path / "photos", tmp_path / "photos-3d"
    folder.mkdir()
    for scene, name in enumerate(("b.png", "d.png")):
        cv2.imwrite(str(folder / name), picture(0, scene)[..., ::-1])
    for name in ("a.png", "c.jpg", ".b.png"):
        (folder / name).write_text("a picture is worth a thousand words")
    (folder / "e.png").touch()
    (folder / "f.png").mkdir()
    (folder / "g.png").symlink_to("nowhere.png")
    (folder / "h.png").symlink_to("h.png")
    result = convert(folder, out)
    assert result.returncode == 1
    assert result.stdout == f"{out}: 2 pictures\n"
    assert result.stderr.splitlines() == [
        f"{folder / name}: is not a picture that OpenCV reads; it is left out"
        for name in ("a.png", "c.jpg", "e.png")
    ] + [
        f"{folder / 'g.png'}: cannot be read: No such file or directory; it is left out",
        f"{folder / 'h.png'}: cannot be read: Too many levels of symbolic links; it is left out",
    ]
    assert sorted(path.name for path in out.iterdir()) == ["b.png", "d.png"]
    for scene, name in enumerate(("b.png", "d.png")):
        shown = cv2.imread(str(out / name))
        assert shown is not None
        assert np.abs(shown[:, : SIZE[1], ::-1].astype(int) - picture(0, scene)).mean() < 25
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photos", "photos-3d"]


def test_pictures_of_which_some_are_in_place_already_are_not_waited_for(tmp_path: Path) -> None:
    folder, out = tmp_path / "photos", tmp_path / "photos-3d"
    for name in ("a.png", "b.png"):
        (out if name == "a.png" else out / "b.png").mkdir()  # no file can be put over a folder
        folder.mkdir(exist_ok=True)
        cv2.imwrite(str(folder / name), picture(0, 0))
    result = convert(folder, out, "--overwrite")
    assert result.returncode == 1
    assert "b.png" in result.stderr
    assert (out / "a.png").is_file()
    (out / "b.png").rmdir()
    result = convert(folder, out, "--overwrite")
    assert result.returncode == 0, result.stderr
    assert sorted(path.name for path in out.iterdir() if path.is_file()) == ["a.png", "b.png"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photos", "photos-3d"]


def maps(folder: Path, *shapes: tuple[int, ...]) -> Path:
    folder.mkdir()
    for number, shape in enumerate(shapes):
        cv2.imwrite(str(folder / f"{number:03}.png"), np.full(shape, 40_000, np.uint16))
    return folder


def test_depth_that_does_not_fit_is_said_before_anything_is_done(
    film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos, grey = tmp_path / "photos", (9, 16)
    photos.mkdir()
    for name in ("a.png", "b.png"):
        cv2.imwrite(str(photos / name), picture(0, 0))
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.png").write_text("a picture is worth a thousand words")
    three = maps(tmp_path / "three", grey, grey, grey)
    sizes = maps(tmp_path / "sizes", grey, grey, (8, 16))
    colours = maps(tmp_path / "colours", grey, (9, 16, 3))
    nothing = maps(tmp_path / "nothing")
    there = sorted(tmp_path.rglob("*"))
    for source, more, said in (
        (photos, [f"--depth-in={three}"], "three: has 3 PNGs, and 2 are needed"),
        (film, [f"--depth-in={nothing}"], "nothing: has 0 PNGs, and one for each frame is needed"),
        (film, [f"--depth-in={sizes}"], "002.png is 16 x 8, and 000.png 16 x 9; the frames of a video have"),
        (photos, [f"--depth-in={colours}"], "001.png has colours; depth is grey, white is near"),
        (film, [f"--depth-in={tmp_path / 'notes'}"], "a.png is no PNG"),
        (film, [f"--depth-in={film}"], "film.mkv: is no folder"),
        (film, [f"--depth-out={film}"], "film.mkv: is no folder"),
        (film, [f"--depth-in={three}", f"--depth-out={three}"], "three: is --depth-in as well"),
        (film, [f"--depth-out={three}"], "three: has PNGs already; give --overwrite"),
        (photos, [f"--depth-out={photos}"], "photos: is what is converted as well"),
        (film, [f"--depth-out={tmp_path / 'out.mkv'}"], "out.mkv: is what the result is to be as well"),
    ):
        out = tmp_path / ("out.mkv" if source == film else "out")
        assert said in refused(capsys, source, out, *more)
    assert sorted(tmp_path.rglob("*")) == there


def test_depth_stays_with_its_picture_where_one_before_it_cannot_be_read(tmp_path: Path) -> None:
    folder, wrote = tmp_path / "photos", tmp_path / "wrote"
    folder.mkdir()
    for name in ("b.png", "c.png"):
        cv2.imwrite(str(folder / name), picture(0, 0))
    (folder / "a.png").write_text("a picture is worth a thousand words")
    given = maps(tmp_path / "given", (96, 128), (96, 128), (96, 128))
    ramp = np.linspace(0, 65535, 128).astype(np.uint16)
    cv2.imwrite(str(given / "001.png"), np.tile(ramp, (96, 1)))
    cv2.imwrite(str(given / "002.png"), np.tile(ramp[::-1], (96, 1)))
    more = (f"--depth-in={given}", f"--depth-out={wrote}", "--set=steady.smoothing=0")
    assert convert(folder, tmp_path / "out", *more).returncode == 1
    assert sorted(path.name for path in wrote.iterdir()) == ["000000001.png", "000000002.png"]
    rises, falls = (cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in sorted(wrote.iterdir()))
    assert rises is not None
    assert falls is not None
    assert rises[:, -9:].mean() > rises[:, :9].mean() + 20_000
    assert falls[:, -9:].mean() < falls[:, :9].mean() - 20_000


def test_a_folder_goes_on_as_long_as_its_pictures_are_the_same(tmp_path: Path) -> None:
    """Whatever else comes and goes in it; and where nothing is done yet, whatever it has."""
    folder, out = tmp_path / "photos", tmp_path / "photos-3d"
    folder.mkdir()
    cv2.imwrite(str(folder / "a.png"), picture(0, 0))
    cv2.imwrite(str(folder / "b.png"), picture(0, 1))
    settings = settings_for(REPO / "settings.yaml", None, ["depth.model=tcmonodepth-small"])

    def begin() -> Conversion:
        conversion = conversion_of(folder, out, folder_of(out), None, None)
        agree(conversion, out, job_of(conversion, settings), {})
        return conversion

    with held(out):
        begin()
        (folder / "b.png").unlink()
        done = begin().segments
        (done / "a.png").touch()
        (folder / ".DS_Store").touch()
        (folder / "notes.txt").touch()
        begin()
        assert (done / "a.png").exists()
        cv2.imwrite(str(folder / "b.png"), picture(0, 1))
        with pytest.raises(CannotConvert, match="was begun with another source"):
            begin()


@pytest.mark.parametrize(
    ("what", "out", "more", "said"),
    [
        ("nothing.mp4", "out.mp4", [], "nothing.mp4: there is no such file or folder"),
        ("text.mp4", "out.mp4", [], "text.mp4: is not a video that FFmpeg reads"),
        ("text.mp4", "text.mp4", [], "is what would be converted"),
        ("photo.png", "out.mp4", [], "a picture becomes a picture"),
        ("empty", "out", [], "there is no picture in it"),
        ("text.jpg", "out.jpg", [], "text.jpg: is not a picture that OpenCV reads"),
        ("text.mp4", "out.mp4", ["--set=depth.model=true"], "name a network"),
        ("photo.png", "out.png", ["--depth-in=nowhere"], "nowhere: there is no such folder"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_left(
    what: str, out: str, more: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text.mp4").write_text("a video is worth a thousand pictures")
    (tmp_path / "text.jpg").write_text("a picture is worth a thousand words")
    cv2.imwrite(str(tmp_path / "photo.png"), picture(0, 0))
    (tmp_path / "empty").mkdir()
    there = sorted(tmp_path.iterdir())
    assert main(["convert", str(tmp_path / what), str(tmp_path / out), *SETTINGS, *more]) in (1, 2)
    assert said in capsys.readouterr().err
    assert sorted(tmp_path.iterdir()) == there
