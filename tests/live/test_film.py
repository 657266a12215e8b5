"""A film is recorded, with sound, and whoever is killed meanwhile: what is written plays."""

import os
import signal
import wave
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from tests.pipeline.running import Launcher, launched

pytestmark = pytest.mark.timeout(120)
FPS = 20
SETTINGS = (
    "sinks=[file]",
    f"capture.fps={FPS}",
    "stereo.layout=half-sbs",
    "stereo.fill_16_9=false",
    "stereo.quality=fast",
    "encode.encoder=libx264",
    "audio.source=sound_file",
)
MAY_MISS = 2 * FPS  # pictures: a second that is not whole yet, and what was on its way


class Film:
    """A launcher that records."""

    def __init__(self, launcher: Launcher, folder: Path) -> None:
        self.launcher, self.folder = launcher, folder

    def until_recorded(self, seconds: float) -> int:
        """So much more; returns how many packets there were then."""
        more = self.launcher.ring("packets")["seq"] + round(FPS * seconds)
        self.launcher.until(
            lambda: self.launcher.ring("packets")["seq"] >= more, f"{seconds} s more are coded"
        )
        return int(self.launcher.ring("packets")["seq"])


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Film]:
    folder = tmp_path_factory.mktemp("film")
    tone = np.int16(8000 * np.sin(np.arange(48000) * 2 * np.pi * 440 / 48000))
    with wave.open(str(folder / "tone.wav"), "wb") as file:
        file.setparams((1, 2, 48000, 0, "NONE", ""))
        file.writeframes(tone.tobytes())
    places = (f"file.path={folder}/film.mkv", f"sound_file.path={folder}/tone.wav")
    with launched(folder, *SETTINGS, *places, ready=False) as launcher:
        launcher.until_up()
        launcher.until_logged("film.mkv")
        yield Film(launcher, folder)


def pictures_in(path: Path) -> int:
    with av.open(str(path)) as file:
        return len([*file.decode(video=0)])


def test_it_can_be_watched_while_it_is_recorded(film: Film) -> None:
    coded = film.until_recorded(3)
    with av.open(str(film.folder / "film.mkv")) as file:
        assert file.streams.video[0].metadata["stereo_mode"] == "left_right"
        shown = [frame.time for frame in file.decode(video=0)]
    assert len(shown) > coded - MAY_MISS
    with av.open(str(film.folder / "film.mkv")) as file:
        heard = np.concatenate([frame.to_ndarray()[0] for frame in file.decode(audio=0)][-20:])
    assert np.abs(np.fft.rfft(heard)).argmax() * 48000 / len(heard) == pytest.approx(440, abs=5)


def test_an_encoder_that_is_killed_is_a_gap_in_the_same_file(film: Film) -> None:
    before, coded = film.launcher.restarts(), film.launcher.ring("packets")["seq"]
    os.kill(film.launcher.pids()["encode"], signal.SIGKILL)
    film.launcher.until_restarted("encode", before)
    film.until_recorded(2.5)
    assert pictures_in(film.folder / "film.mkv") > coded - MAY_MISS + FPS
    assert not (film.folder / "film-2.mkv").exists()


def test_a_killed_file_worker_leaves_a_file_that_plays_and_goes_on_in_the_next(film: Film) -> None:
    coded, before = film.until_recorded(1), film.launcher.restarts()
    os.kill(film.launcher.pids()["file"], signal.SIGKILL)
    film.launcher.until_restarted("file", before)
    assert pictures_in(film.folder / "film.mkv") > coded - MAY_MISS
    film.launcher.until_logged("film-2.mkv")
    film.until_recorded(2.5)
    assert pictures_in(film.folder / "film-2.mkv") > 0


def test_a_killed_launcher_leaves_a_file_that_plays(film: Film) -> None:
    coded_before = film.until_recorded(1)
    shown_before = pictures_in(film.folder / "film-2.mkv")
    coded = film.until_recorded(3)
    film.launcher.note_family()
    film.launcher.process.kill()
    film.launcher.process.wait()
    film.launcher.look_away()
    assert pictures_in(film.folder / "film-2.mkv") > shown_before + coded - coded_before - MAY_MISS
