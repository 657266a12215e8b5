"""A settings file that is edited while a real launcher runs with it."""

import os
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import psutil
import pytest

from tests.pipeline.running import LINE, REPO, Launcher, copied_tree, launched, nothing_is_left

pytestmark = pytest.mark.timeout(90)

FIRST = """
# How it begins.
sinks: [null]
capture: {source: scene, fps: 60}
scene:
  width: 320
  height: 180
  balls: 2
depth: {model: true}
stereo: {layout: rgb+depth, fill_16_9: false}
"""
DEPTH_ALONE = FIRST.replace("rgb+depth", "depth")


class Edited:
    """A launcher and the file that it watches."""

    def __init__(self, launcher: Launcher, file: Path) -> None:
        self.launcher, self.file = launcher, file

    def save(self, text: str) -> int:
        """As an editor does that writes in place; returns where the log was."""
        said = len(self.launcher.log)
        self.file.write_text(dedent(text))
        return said

    def since(self, said: int) -> str:
        return self.launcher.log[said:]

    def until_said(self, said: int, text: str) -> None:
        self.launcher.until(lambda: text in self.since(said), f"the log says {text!r}")


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edited]:
    folder = tmp_path_factory.mktemp("reload")
    file = folder / "mine.yaml"
    file.write_text(FIRST)
    with launched(folder, file=file) as launcher:
        yield Edited(launcher, file)


@pytest.fixture(autouse=True)
def first_settings_again(edited: Edited) -> Iterator[None]:
    """Each test begins with the file as it was at first, and with a picture."""
    yield
    if edited.file.read_text() != FIRST:
        edited.save(FIRST)
    edited.launcher.until(
        lambda: edited.launcher.ring("picture").get("shape") == [180, 640, 3], "all is as it was at first"
    )
    edited.launcher.until_running()
    edited.launcher.until_flowing()


def test_contract_a_live_change_reaches_the_picture_and_nobody_restarts(edited: Edited) -> None:
    pids = edited.launcher.pids()
    said = edited.save(DEPTH_ALONE)
    edited.launcher.until(
        lambda: edited.launcher.ring("picture")["shape"] == [180, 320, 3], "only the depth map"
    )
    edited.until_said(said, "stereo.layout is now depth")
    assert edited.launcher.pids() == pids
    edited.save(FIRST)
    edited.launcher.until(lambda: edited.launcher.ring("picture")["shape"] == [180, 640, 3], "both")
    assert edited.launcher.pids() == pids


def test_contract_a_live_rate_is_taken_by_the_source(edited: Edited) -> None:
    pids = edited.launcher.pids()
    edited.save(FIRST.replace("60", "5"))
    edited.launcher.until(lambda: 0 < edited.launcher.rate("frame") < 12, "five frames a second")
    assert edited.launcher.pids() == pids


def test_contract_low_priority_is_taken_by_all_and_by_those_that_come_later(edited: Edited) -> None:
    before = edited.launcher.restarts()
    edited.save(FIRST + "processes: {priority: low}\n")
    edited.launcher.until(lambda: nices(edited) == {5}, "all are below others")
    os.kill(edited.launcher.pids()["stereo"], 9)
    edited.launcher.until_restarted("stereo", before)
    assert nices(edited) == {5}


def nices(edited: Edited) -> set[int]:
    return nices_of(edited.launcher)


def nices_of(launcher: Launcher) -> set[int]:
    return {psutil.Process(process).nice() for process in (launcher.pid, *launcher.pids().values())}


@pytest.mark.skipif(sys.platform == "win32", reason="there is no nice")
def test_contract_who_has_been_given_less_than_low_by_the_user_keeps_that(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(FIRST + "processes: {priority: low}\n")
    with launched(tmp_path, file=file, before=["nice", "-n", "10"]) as launcher:
        assert nices_of(launcher) == {10}
        for number, priority in enumerate(("normal", "low"), start=1):
            file.write_text(FIRST + f"processes: {{priority: {priority}}}\n")
            launcher.until_logged("processes.priority is now", times=number)
            assert nices_of(launcher) == {10}


def test_contract_a_worker_that_restarts_later_has_the_live_changes_too(edited: Edited) -> None:
    edited.save(DEPTH_ALONE)
    edited.launcher.until(
        lambda: edited.launcher.ring("picture")["shape"] == [180, 320, 3], "only the depth map"
    )
    before = edited.launcher.restarts()
    os.kill(edited.launcher.pids()["stereo"], 9)
    edited.launcher.until_restarted("stereo", before)
    edited.launcher.until_flowing()
    assert edited.launcher.ring("picture")["shape"] == [180, 320, 3]


def test_contract_a_change_that_is_not_live_restarts_its_users_and_says_why(edited: Edited) -> None:
    """More balls are the scene's business only: sizes and rings stay."""
    pids = edited.launcher.pids()
    said = edited.save(FIRST.replace("balls: 2", "balls: 3"))
    edited.until_said(said, "capture restarts for scene.balls")
    edited.launcher.until_running()
    edited.launcher.until_flowing()
    now = edited.launcher.pids()
    assert now["capture"] != pids["capture"]
    assert {name: now[name] for name in LINE[1:]} == {name: pids[name] for name in LINE[1:]}
    assert "killed" not in edited.since(said)


def test_contract_another_size_replaces_the_rings_and_frame_numbers_go_on(edited: Edited) -> None:
    before = {ring["name"]: ring for ring in edited.launcher.figures()["rings"]}
    said = edited.save(FIRST.replace("320", "400"))
    edited.until_said(said, "capture restarts for scene.width")
    edited.until_said(said, "null restarts for the rings it uses")
    edited.launcher.until(
        lambda: edited.launcher.ring("picture").get("shape") == [180, 800, 3], "a wider picture"
    )
    for ring in edited.launcher.figures()["rings"]:
        newer = ring["generation"] > before[ring["name"]]["generation"]
        assert newer == (ring["name"] != "small"), "that has the network's size, whatever the picture's"
        assert ring["seq"] > before[ring["name"]]["seq"]
    assert edited.launcher.worker("stereo")["lost"] == 0, "no map was joined with a frame of another size"


def test_contract_an_editor_that_renames_over_the_file_is_noticed(edited: Edited) -> None:
    new = edited.file.with_suffix(".swp")
    new.write_text(DEPTH_ALONE)
    new.rename(edited.file)
    edited.launcher.until(
        lambda: edited.launcher.ring("picture")["shape"] == [180, 320, 3], "only the depth map"
    )


def test_contract_a_file_that_is_away_for_a_moment_changes_nothing(edited: Edited) -> None:
    pids, text = edited.launcher.pids(), edited.file.read_text()
    edited.file.unlink()
    time.sleep(1.2)  # it looks twice a second
    assert edited.launcher.pids() == pids
    edited.file.write_text(text)


def test_contract_a_file_that_cannot_be_looked_at_changes_nothing(edited: Edited) -> None:
    pids = edited.launcher.pids()
    edited.file.unlink()
    edited.file.symlink_to(edited.file)
    time.sleep(1.2)
    edited.launcher.until_flowing()
    assert edited.launcher.pids() == pids
    edited.file.unlink()
    edited.file.write_text(FIRST)


def test_contract_a_folder_in_the_place_of_the_file_is_refused(edited: Edited) -> None:
    pids, said = edited.launcher.pids(), len(edited.launcher.log)
    edited.file.unlink()
    edited.file.mkdir()
    edited.until_said(said, "the edited settings are not used; everything goes on as before")
    edited.launcher.until_flowing()
    assert edited.launcher.pids() == pids
    edited.file.rmdir()
    edited.file.write_text(FIRST)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sinks: [null\ncapture:", "mine.yaml"),
        (FIRST.replace("width", "witdh"), "scene.witdh"),
        (FIRST.replace("60", "many"), "capture.fps"),
        ("sinks: []", "there is none, so nobody would see anything"),
        ("", "there is none, so nobody would see anything"),
        ("\0\0", "mine.yaml"),
        (FIRST + "image: {path: ~nobody-of-that-name/cat.png}", "the name of nobody who has a home here"),
    ],
    ids=["no yaml", "unknown key", "wrong value", "no sinks", "empty", "binary", "no home"],
)
def test_contract_a_broken_edit_is_refused_with_its_message_and_everything_goes_on(
    edited: Edited, text: str, message: str
) -> None:
    pids = edited.launcher.pids()
    said = edited.save(text)
    edited.until_said(said, "the edited settings are not used; everything goes on as before")
    edited.until_said(said, message)
    edited.launcher.until_flowing()
    assert edited.launcher.pids() == pids


@pytest.mark.skipif(sys.platform != "linux", reason="limits the memory of another process")
def test_contract_a_refused_edit_changes_nothing_at_all(edited: Edited) -> None:
    """Also what of it could have been changed live, and also when it is refused for want of memory."""
    pids, segments = edited.launcher.pids(), edited.launcher.segments()
    process = psutil.Process(edited.launcher.pid)
    process.rlimit(psutil.RLIMIT_FSIZE, (4 << 20, resource.RLIM_INFINITY))  # shared memory counts as a file
    try:
        said = edited.save(DEPTH_ALONE.replace("320", "1920").replace("180", "1080"))
        edited.until_said(said, "the edited settings are not used; everything goes on as before")
        edited.until_said(said, "no memory for a segment of")
        edited.launcher.until_flowing()
        assert edited.launcher.pids() == pids
        assert edited.launcher.segments() == segments
        assert edited.launcher.ring("picture")["shape"] == [180, 640, 3]
    finally:
        process.rlimit(psutil.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def test_contract_the_log_level_is_changed_everywhere(edited: Edited) -> None:
    edited.save(FIRST + "log: {level: error}")
    time.sleep(1.2)  # it looks twice a second
    said = edited.save(FIRST.replace("60", "10") + "log: {level: error}")
    edited.launcher.until(lambda: edited.launcher.rate("frame") < 20, "another rate")
    assert edited.since(said) == "", "that was no error"


def test_contract_an_edit_of_a_comment_does_nothing(edited: Edited) -> None:
    pids = edited.launcher.pids()
    said = edited.save(FIRST + "# I was here.\n")
    time.sleep(1.2)  # it looks twice a second
    assert edited.since(said) == ""
    assert edited.launcher.pids() == pids


# Workers that come and go -------------------------------------------------------------------------------

COUNTER = """
from dataclasses import dataclass
from typing import Annotated
from shm.lease import Lease
from workers.worker import CannotWork, Worker


@dataclass(frozen=True)
class Settings:
    fault: bool = False
    word: Annotated[str, "live"] = "right"
    low: Annotated[int, "live"] = 2
    high: Annotated[int, "live"] = 5

    def __post_init__(self) -> None:
        if self.low >= self.high:
            raise ValueError("counter.low must be less than counter.high")


class Counter(Worker):
    reads = "picture"

    def open(self) -> None:
        if self.settings.counter.fault:
            raise RuntimeError("set counter.fault to false")
        if self.settings.counter.word != "right":
            raise CannotWork("counter.word is not right")

    def process(self, picture: Lease) -> None:
        pass
"""
COUNTING = FIRST.replace("[null]", "[null, counter]")
CRASHING = COUNTING + "counter: {fault: true}"


@pytest.fixture(scope="module")
def plugged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edited]:
    """A launcher in a copy of the tree that has a second kind of sink."""
    folder = tmp_path_factory.mktemp("plugged")
    repo = copied_tree(folder)
    (repo / "workers" / "sinks" / "counter.py").write_text(COUNTER)
    (repo / "workers" / "sinks" / "odd.py").write_text('"""Not a worker."""\n')
    file = folder / "mine.yaml"
    file.write_text(FIRST)
    with launched(folder, file=file, repo=repo) as launcher:
        yield Edited(launcher, file)
        segments = launcher.segments()
        assert launcher.stop() == 0
        nothing_is_left(launcher, segments)


def test_contract_sinks_come_and_go_while_it_runs(plugged: Edited) -> None:
    pids = plugged.launcher.pids()
    said = plugged.save(FIRST.replace("[null]", "[null, counter]"))
    plugged.until_said(said, "counter starts")
    plugged.launcher.until_running("null", "counter")
    plugged.launcher.until(lambda: plugged.launcher.worker("counter")["fps"], "the new sink gets pictures")
    picture = plugged.launcher.ring("picture")
    assert [reader["name"] for reader in picture["readers"]] == ["null", "counter"]
    assert picture["fps"] is not None, "top has noticed that the ring is another one"
    now = plugged.launcher.pids()
    assert {name: now[name] for name in ("capture", "steady")} == {
        name: pids[name] for name in ("capture", "steady")
    }
    said = plugged.save(FIRST.replace("[null]", "[counter]"))
    plugged.until_said(said, "null stops")
    plugged.launcher.until_running("stereo", "counter")
    assert "null" not in plugged.launcher.pids()
    said = plugged.save(FIRST)
    plugged.until_said(said, "counter stops")
    plugged.until_said(said, "null starts")
    plugged.launcher.until_running("null")
    plugged.launcher.until_flowing()


def test_contract_a_worker_that_has_failed_starts_again_when_its_settings_are_put_right(
    plugged: Edited,
) -> None:
    plugged.save(CRASHING)
    plugged.launcher.until_logged("the 5th time within 60 s, and stays off; the rest goes on")
    assert plugged.launcher.worker("counter")["state"] == "failed"
    said = plugged.save(CRASHING.replace("true", "false"))
    plugged.until_said(said, "counter restarts for counter.fault")
    plugged.launcher.until_running("counter")
    plugged.launcher.until(lambda: plugged.launcher.worker("counter")["fps"], "it gets pictures")
    said = plugged.save(FIRST)
    plugged.until_said(said, "counter stops")


def test_contract_one_that_could_not_work_is_tried_again_when_a_live_setting_of_its_changes(
    plugged: Edited,
) -> None:
    said = plugged.save(COUNTING + "counter: {word: wrong}")
    plugged.until_said(said, "counter stays off until its settings change")
    said = plugged.save(COUNTING + "counter: {word: right}")
    plugged.until_said(said, "counter is tried again")
    plugged.launcher.until_running("counter")


def test_contract_live_settings_that_make_sense_only_together_come_together(plugged: Edited) -> None:
    plugged.save(COUNTING)
    plugged.launcher.until_running("null", "counter")
    pid = plugged.launcher.pids()["counter"]
    said = plugged.save(COUNTING + "counter: {low: 7, high: 9}")
    plugged.until_said(said, "counter.high is now 9")
    said = plugged.save(COUNTING)
    plugged.until_said(said, "counter.high is now 5")
    plugged.launcher.until(lambda: plugged.launcher.worker("counter")["fps"], "it gets pictures")
    assert plugged.launcher.pids()["counter"] == pid


def test_contract_a_sink_that_is_no_worker_is_refused_and_everything_goes_on(plugged: Edited) -> None:
    plugged.launcher.until_running()
    pids = plugged.launcher.pids()
    said = plugged.save(FIRST.replace("[null]", "[null, odd]"))
    plugged.until_said(said, "the edited settings are not used; everything goes on as before")
    plugged.until_said(said, "odd.py: has 0 Worker classes; an implementation has one")
    plugged.launcher.until_flowing()
    assert plugged.launcher.pids() == pids
    assert (REPO / "workers" / "sinks" / "odd.py").exists() is False
