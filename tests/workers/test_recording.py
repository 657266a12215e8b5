"""Files of a recording: none is overwritten, a new one begins where it should, a full disk is survived."""

import logging
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import pytest

from tests.workers.made_packets import BEGIN, pictures, sound
from tests.workers.one_process import host
from workers.audio import Settings as Audio
from workers.audio._packets import AAC, OPUS
from workers.encode import Settings as Encoding
from workers.sinks._new_file import create
from workers.sinks._recording import Limits, Recording
from workers.sinks._video_codecs import H264, HEVC
from workers.sinks.file import File, Settings
from workers.worker import CannotWork

SECOND = 1_000_000_000
NO_LIMITS = Limits(0, 0)
LOG = logging.getLogger("recording")


class Played:
    """A recording, and an encoder that begins anew when it is asked; 20 pictures a second."""

    def __init__(self, path: Path, sound_too: bool = False) -> None:
        self.asked = 0
        self.recording = Recording(path, H264, sound_too, self._ask, LOG)
        self._packets = pictures(H264)[:10]  # the first stands for itself
        self._next, self.now = 0, BEGIN
        codec = AAC if path.suffix == ".mp4" else OPUS
        self._sound = [data for _, data in sound(codec, 0.5)][2:3] if sound_too else []
        self._sound_lasts = SECOND * codec.frame // 48000
        self._sound_at = BEGIN

    def _ask(self) -> None:
        self.asked += 1
        self._next = 0

    def play(self, seconds: float, limits: Limits = NO_LIMITS, sound_late: float = 0.2) -> None:
        for _ in range(round(20 * seconds)):
            data = self._packets[min(self._next, 9)][1]
            self._next += 1
            self.recording.picture(data, self.now, "left_right", limits)
            self.now += SECOND // 20
            while self._sound and self._sound_at < self.now - sound_late * SECOND:
                self.recording.hear(self._sound[0], self._sound_at)
                self._sound_at += self._sound_lasts


def seen(path: Path) -> tuple[int, float]:
    """How many pictures are in it, and how many seconds of sound."""
    with av.open(str(path)) as file:
        shown = len([*file.decode(video=0)])
    with av.open(str(path)) as file:
        heard = [*file.decode(audio=0)] if file.streams.audio else []
    return shown, sum(frame.samples for frame in heard) / 48000


def test_contract_what_is_there_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    path.write_text("somebody's")
    (tmp_path / "film-2.mkv").write_text("somebody's too")
    played = Played(path)
    played.play(1)
    played.recording.close()
    assert path.read_text() == "somebody's"
    assert (tmp_path / "film-2.mkv").read_text() == "somebody's too"
    assert seen(tmp_path / "film-3.mkv") == (20, 0)


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv"])
def test_contract_a_new_file_begins_with_a_key_frame_and_nothing_is_lost(name: str, tmp_path: Path) -> None:
    played = Played(tmp_path / name, sound_too=True)
    played.play(5.5, Limits(seconds=2, nbytes=0))
    played.recording.close()
    files = sorted(tmp_path.iterdir(), key=lambda file: file.stem)
    assert [file.stem for file in files] == ["film", "film-2", "film-3"]
    found = [seen(file) for file in files]
    assert sum(shown for shown, _ in found) == 110
    assert [shown for shown, _ in found] == [40, 40, 30] or [shown for shown, _ in found] == [41, 41, 28]
    assert sum(heard for _, heard in found) == pytest.approx(5.3, abs=0.1), "all sound that has come"
    assert found[0][1] == pytest.approx(2, abs=0.1), "that of its last pictures, which came later"


def test_contract_numbers_go_on_though_an_earlier_file_is_taken_away(tmp_path: Path) -> None:
    played = Played(tmp_path / "film.mkv")
    played.play(2.5, Limits(seconds=1, nbytes=0))
    (tmp_path / "film.mkv").unlink()
    played.play(1, Limits(seconds=1, nbytes=0))
    played.recording.close()
    assert sorted(file.stem for file in tmp_path.iterdir()) == ["film-2", "film-3", "film-4"]


def test_contract_a_file_ends_at_its_size(tmp_path: Path) -> None:
    played = Played(tmp_path / "film.mp4")
    played.play(8, Limits(seconds=0, nbytes=6000))
    played.recording.close()
    sizes = [file.stat().st_size for file in tmp_path.iterdir()]
    assert len(sizes) > 1
    assert max(sizes) < 12000
    assert sum(seen(file)[0] for file in tmp_path.iterdir()) == 160


def test_contract_it_begins_with_a_key_frame_that_it_asks_for_once(tmp_path: Path) -> None:
    played = Played(tmp_path / "film.mp4")
    played._next = 5
    played.play(0.05)
    assert played.asked == 1
    assert not [*tmp_path.iterdir()]
    played.play(1)
    played.recording.close()
    assert played.asked == 1
    assert seen(tmp_path / "film.mp4") == (20, 0)


def test_contract_after_missing_pictures_it_goes_on_with_a_key_frame_in_the_same_file(tmp_path: Path) -> None:
    played = Played(tmp_path / "film.mp4")
    played.play(1)
    played.recording.miss()
    played.play(1)
    played.recording.close()
    assert played.asked == 1
    assert [file.name for file in tmp_path.iterdir()] == ["film.mp4"]
    assert seen(tmp_path / "film.mp4") == (39, 0)


def test_contract_another_size_or_layout_is_another_file(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "film.mkv", HEVC, False, lambda: None, LOG)
    shown = pictures(HEVC, 20)
    for number, (at, data) in enumerate(shown):
        recording.picture(data, at, "left_right" if number < 10 else "top_bottom", NO_LIMITS)
    recording.close()
    assert seen(tmp_path / "film.mkv") == (10, 0)
    assert seen(tmp_path / "film-2.mkv") == (10, 0)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """66 MB, of which 65 are taken; only root can make one."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=66m", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small disk can only be made by root")
    try:
        (place / "other").write_bytes(b"x" * (66_000_000 + 3_120_000))
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_contract_a_file_of_which_nothing_is_whole_is_closed_before_it_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Windows wants it; its muxer may go on meanwhile."""
    path = tmp_path / "film.mkv"

    def unlink(file: Path) -> None:
        for fd in Path("/proc/self/fd").iterdir():
            if os.path.realpath(fd) == str(file):
                raise PermissionError("[WinError 32] it is being used by another process")
        os.unlink(file)

    monkeypatch.setattr(Path, "unlink", unlink)
    file = create(path, 1)
    file.write(b"half")
    file.give_up()
    assert not path.exists()
    assert (file.seek(2), file.tell(), file.write(b"more")) == (2, 2, 4)
    file.close()


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv"])
def test_contract_of_a_full_disk_what_is_written_stays_and_it_goes_on_when_there_is_room(
    name: str, small_disk: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.sinks._recording.LOOK_AGAIN", 0.1)
    played = Played(small_disk / name)
    while not caplog.records:
        played.play(1)
    taken = shutil.disk_usage(small_disk).free
    assert "No space left on device; what is written stays" in caplog.text
    shown, _ = seen(small_disk / name)
    asked = played.asked
    time.sleep(0.15)
    played.play(1)
    assert played.asked == asked, "there is no room yet"
    assert len(caplog.records) == 1, "it is said once"
    (small_disk / "other").unlink()
    time.sleep(0.15)
    played.play(3)
    played.recording.close()
    assert shown > 20, taken
    following: Any = Path(name).with_stem("film-2")
    assert seen(small_disk / following)[0] > 50
    assert sorted(file.name for file in small_disk.iterdir()) == sorted([name, str(following)])


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("", r"file\.path is not set"),
        ("film.avi", r"ends in none of \.mp4, \.mkv, \.webm"),
        ("film.webm", r"\.webm takes AV1, not H264: set encode\.codec=av1"),
    ],
)
def test_a_file_that_cannot_be_is_said_before_anything_starts(path: str, said: str) -> None:
    settings = SimpleNamespace(file=Settings(path=path), encode=Encoding(), audio=Audio())
    with pytest.raises(ValueError, match=said):
        File.sizes(settings, {})


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    settings = SimpleNamespace(
        file=Settings(path=str(tmp_path / "none" / "film.mkv")), encode=Encoding(), audio=Audio()
    )
    with pytest.raises(CannotWork, match="there is no folder"):
        File(settings, host()).open()
