"""The profile follows the program that one looks at."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pipeline.programs import active_title, profile_for, split
from pipeline.settings import SettingsError, load
from tests.live.display import Display
from tests.live.needs import needs
from tests.live.program import environment
from tests.pipeline.running import REPO, launched
from tests.shm.ring_processes import die_with_parent

FILE = """
sinks: [null]
capture: {source: scene}
depth: {model: true}
scene: {width: 320, height: 240}
stereo: {strength: 2}
programs:
  titles: ["mpv: movie", "Xonotic: game"]
profiles:
  movie: {stereo: {strength: 1}}
  game: {stereo: {strength: 5}}
"""


@contextmanager
def titles(*wanted: str) -> Iterator[Any]:
    """Windows with these titles; `next()` makes the next one active."""
    command = [sys.executable, "-m", "tests.live.titled", *wanted]
    with subprocess.Popen(
        command,
        cwd=REPO,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        preexec_fn=die_with_parent,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        process.stdout.readline()

        def next_one() -> None:
            assert process.stdout is not None
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
            process.stdout.readline()

        yield next_one
        process.kill()


@needs("Xvfb")
def test_the_profile_of_the_active_window_is_used_and_left_again(display: Display, tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(FILE)
    with (
        environment(DISPLAY=display.name),
        titles("Editor", "Film.mkv - mpv", "Stereoring", "XONOTIC", "Editor") as look_at_next,
        launched(tmp_path, file=file) as launcher,
    ):
        look_at_next()
        launcher.until_logged("stereo.strength is now 1")
        look_at_next()  # our own window: nothing changes
        look_at_next()
        launcher.until_logged("stereo.strength is now 5")
        look_at_next()
        launcher.until_logged("stereo.strength is now 2")
        assert launcher.log.count("stereo.strength is now") == 3
        assert not any(launcher.restarts().values())


@needs("Xvfb")
def test_contract_the_title_is_that_of_the_active_window(display: Display) -> None:
    with environment(DISPLAY=display.name):
        assert active_title() is None, "nobody has said which it is"
        with titles("Grüße – mpv"):
            assert active_title() == "Grüße – mpv"
        assert active_title() is None, "it has closed"
    with environment(DISPLAY=":987"):
        assert active_title() is None
    with environment(DISPLAY=None):
        assert active_title() is None


def test_contract_the_first_text_that_is_in_the_title_counts() -> None:
    entries = ("a: b: first", "mpv: movie", "m: other")
    assert profile_for("Film - MPV", entries) == "movie"
    assert profile_for("m", entries) == "other"
    assert profile_for("x a: b y", entries) == "first"
    assert profile_for("", entries) is None


@pytest.mark.parametrize("entry", ["", "mpv", ": movie", "mpv:"])
def test_contract_an_entry_has_two_parts(entry: str) -> None:
    with pytest.raises(ValueError, match="must look like"):
        split(entry)


def test_contract_a_profile_that_is_not_there_is_told(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(FILE.replace("mpv: movie", "mpv: movies"))
    with pytest.raises(SettingsError, match=r"programs\.titles: unknown profile 'movies'.*movie"):
        load(file)
