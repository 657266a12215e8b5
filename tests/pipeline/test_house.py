"""What a worker may ask of a real launcher."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from pipeline.house import LauncherHouse
from pipeline.settings import schema_of
from pipeline.settings_check import fields
from tests.live.program import environment
from tests.pipeline.running import LINE, RINGS, Launcher, launched
from workers.house import Refused

pytestmark = pytest.mark.timeout(90)
FIRST = """\
# How it begins.
sinks: [null]
capture: {source: scene, fps: 30}
scene:
  width: 320   # narrow
  height: 180
  balls: 2
depth: {model: true}
stereo:
  layout: rgb+depth   # both
  strength: 2.0
profiles:
  deep:
    stereo: {strength: 5.0}
"""


class Home:
    """A launcher, its file, and a house as a worker has it."""

    def __init__(self, launcher: Launcher, file: Path) -> None:
        self.launcher, self.file, self.house = launcher, file, LauncherHouse(launcher.pid)

    def value(self, section: str, key: str) -> object:
        return self.house.settings()["values"][section][key]

    def until(self, section: str, key: str, value: object) -> None:
        self.launcher.until(lambda: self.value(section, key) == value, f"{section}.{key} is {value}")

    def until_as_at_first(self) -> None:
        self.launcher.until(lambda: not self.house.settings()["unsaved"], "nothing is changed")
        self.launcher.until_running()
        self.launcher.until_flowing()


@pytest.fixture(scope="module")
def at_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    folder = tmp_path_factory.mktemp("house")
    file = folder / "mine.yaml"
    file.write_text(FIRST)
    with (
        environment(XDG_CACHE_HOME=str(folder / "cache"), STEREORING_MODELS=None),
        launched(folder, file=file, options=["--set=depth.fps=0"]) as launcher,
    ):
        launcher.until_running()
        yield Home(launcher, file)


@pytest.fixture
def home(at_home: Home) -> Iterator[Home]:
    """Each test begins with the settings as they were at first, and with a picture."""
    yield at_home
    at_home.house.use_profile(None)
    for changed in at_home.house.settings()["unsaved"]:
        section, _, key = changed.partition(".")
        at_home.house.change(section, key, as_at_first(section, key), save=False)
    if at_home.file.read_text() != FIRST:
        at_home.file.write_text(FIRST)
        at_home.until("stereo", "strength", 2.0)
        at_home.until("scene", "balls", 2)
    at_home.until_as_at_first()


def as_at_first(section: str, key: str) -> object:
    return {("stereo", "layout"): "rgb+depth", ("stereo", "strength"): 2.0, ("scene", "balls"): 2}[
        section, key
    ]


def test_the_figures_are_those_of_top(home: Home) -> None:
    figures, top = home.house.figures(), home.launcher.figures()
    assert figures.keys() == top.keys()
    assert [worker["name"] for worker in figures["workers"]] == list(LINE)
    assert {worker["name"]: worker["pid"] for worker in figures["workers"]} == home.launcher.pids()
    assert {ring["name"] for ring in figures["rings"]} == set(RINGS)
    assert all(ring["fps"] is not None for ring in figures["rings"])
    assert json.loads(json.dumps(figures)) == figures


def test_a_launcher_that_is_not_there_is_said_in_words() -> None:
    house = LauncherHouse(4194305)
    for ask in (house.figures, house.settings):
        with pytest.raises(Refused, match="no launcher runs with process id 4194305"):
            ask()


def test_the_log_is_told_from_a_number_on(home: Home) -> None:
    lines = home.house.log_tail(0)["lines"]
    assert any("workers" in line["text"] and line["who"] == "launcher" for line in lines)
    home.house.change("stereo", "strength", 3.5, save=False)
    newer: list[dict[str, object]] = []

    def is_told() -> bool:
        newer[:] = home.house.log_tail(lines[-1]["number"])["lines"]
        return any(line["text"] == "stereo.strength is now 3.5" for line in newer)

    home.launcher.until(is_told, "the new line is told")
    assert all(line["number"] > lines[-1]["number"] for line in newer)


def test_the_schema_has_every_setting_with_its_line_in_the_order_of_the_file(home: Home) -> None:
    sections = home.house.schema()["sections"]
    types = schema_of("workers").types
    assert {section["name"] for section in sections} == {*types, "sinks"}
    assert [section["name"] for section in sections][:2] == ["job", "capture"]
    for section in sections:
        keys = [entry["key"] for entry in section["keys"]]
        assert set(keys) == (set(fields(types[section["name"]])) if section["name"] != "sinks" else {""})
        assert all(entry["explanation"] for entry in section["keys"]), section["name"]


def test_a_setting_says_what_it_may_be(home: Home) -> None:
    found = {
        (section["name"], entry["key"]): entry
        for section in home.house.schema()["sections"]
        for entry in section["keys"]
    }
    width = found["depth", "width"]
    assert (width["type"], width["ge"], width["le"], width["multiple_of"]) == ("integer", 64, 1024, 32)
    assert not width["live"]
    assert found["stereo", "strength"]["live"]
    assert found["stereo", "strength"]["default"] == 2.0
    assert found["capture", "source"]["choices"][0] == "auto"
    assert "scene" in found["capture", "source"]["choices"]
    assert found["camera", "which"]["type"] == "integer or string"
    assert "null" in found["sinks", ""]["choices"]


def test_the_settings_say_what_differs_and_what_is_overridden(home: Home) -> None:
    settings = home.house.settings()
    assert settings["values"]["scene"]["width"] == 320
    assert settings["values"]["sinks"][""] == ["null"]
    assert "scene.width" in settings["differs"]
    assert "stereo.strength" not in settings["differs"]
    assert settings["overridden"] == ["depth.fps"]
    assert settings["picked"]["stereo.where"] == "own"
    assert settings["users"]["scene"] == ["capture"]
    assert settings["users"]["keys"] == ["launcher"]
    assert "camera" not in settings["users"]


def test_a_live_change_reaches_the_picture_and_not_the_file(home: Home) -> None:
    pids = home.launcher.pids()
    assert home.house.change("stereo", "layout", "depth", save=False) == {"restarts": []}
    home.launcher.until(lambda: home.launcher.ring("picture")["shape"] == [180, 320, 3], "only the depth map")
    assert home.launcher.pids() == pids
    assert home.house.settings()["unsaved"] == ["stereo.layout"]
    assert home.file.read_text() == FIRST


def test_what_is_not_live_says_whom_it_restarts(home: Home) -> None:
    before = home.launcher.pids()
    assert home.house.change("scene", "balls", 3, save=False) == {"restarts": ["capture"]}
    home.launcher.until(lambda: home.launcher.pids()["capture"] not in (None, before["capture"]), "a new one")
    home.launcher.until_running()
    assert home.launcher.pids()["stereo"] == before["stereo"]


@pytest.mark.parametrize(
    ("section", "key", "value", "why"),
    [
        ("stereo", "strength", 20, r"^must be at most 10 \(got 20\)$"),
        ("stereo", "layout", "sideways", "must be one of half-sbs"),
        ("stereo", "depth", 1, r"^unknown key"),
        ("stero", "layout", 1, r"unknown section \(did you mean stereo\)$"),
        ("profiles", "deep", {}, "can only be changed in the file"),
        ("programs", "titles", ["mpv: film"], "unknown profile 'film'"),
        ("sinks", "", [], "nobody would see anything"),
        ("sinks", "", ["windows"], "did you mean window"),
        ("depth", "model", "tcmonodepth-small", "download it first"),
        ("steady", "low_percent", {"a": 1}, "must be a number"),
    ],
)
@pytest.mark.parametrize("save", [False, True])
def test_what_cannot_be_is_answered_with_the_words_of_the_file_and_nothing_changes(
    home: Home, section: str, key: str, value: object, why: str, save: bool
) -> None:
    before, pids = home.house.settings(), home.launcher.pids()
    with pytest.raises(Refused, match=why):
        home.house.change(section, key, value, save)
    assert home.house.settings() == before
    assert home.launcher.pids() == pids
    assert home.file.read_text() == FIRST


def test_a_model_that_is_missing_is_not_waited_for_when_the_file_names_it(home: Home) -> None:
    said, pids = len(home.launcher.log), home.launcher.pids()
    home.file.write_text(FIRST.replace("{model: true}", "{model: tcmonodepth-small}"))
    home.launcher.until(lambda: "download it first" in home.launcher.log[said:], "the log says why not")
    home.file.write_text(FIRST)
    home.launcher.until_flowing()
    assert home.launcher.pids() == pids


def test_figures_go_on_though_the_clock_was_set_back(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    before, now = home.house.figures(), time.time
    monkeypatch.setattr(time, "time", lambda: now() - 3600)
    time.sleep(0.3)
    assert home.house.figures() is not before


def test_a_saved_change_is_in_the_file_with_its_comments(home: Home) -> None:
    home.house.change("stereo", "layout", "depth", save=True)
    assert home.file.read_text() == FIRST.replace("rgb+depth   #", "depth       #")
    home.until("stereo", "layout", "depth")
    assert home.house.settings()["unsaved"] == []


def test_a_saved_change_below_a_profile_holds_for_this_run_too(home: Home) -> None:
    home.house.use_profile("deep")
    home.until("stereo", "strength", 5.0)
    home.house.change("stereo", "strength", 1.0, save=True)
    home.until("stereo", "strength", 1.0)
    assert "strength: 1.0" in home.file.read_text()
    assert "deep:\n    stereo: {strength: 5.0}" in home.file.read_text()


def test_a_profile_is_on_top_until_another_is_used(home: Home) -> None:
    assert home.house.settings()["profiles"] == ["deep"]
    home.house.use_profile("deep")
    home.until("stereo", "strength", 5.0)
    assert home.house.settings()["profile"] == "deep"
    home.house.use_profile(None)
    home.until("stereo", "strength", 2.0)
    with pytest.raises(Refused, match="did you mean deep"):
        home.house.use_profile("depe")


def test_what_is_edited_in_the_file_is_no_longer_as_it_was_changed_before(home: Home) -> None:
    home.house.change("stereo", "strength", 7.0, save=False)
    home.house.change("stereo", "layout", "depth", save=False)
    home.file.write_text(FIRST.replace("strength: 2.0", "strength: 4.0"))
    home.until("stereo", "strength", 4.0)
    assert home.value("stereo", "layout") == "depth"


def test_a_reset_brings_the_default_back(home: Home) -> None:
    home.house.change("stereo", "strength", 7.0, save=False)
    home.until("stereo", "strength", 7.0)
    home.house.reset("stereo", "strength", save=False)
    home.until("stereo", "strength", 2.0)
    with pytest.raises(Refused, match="there is no setting"):
        home.house.reset("stereo", "deep", save=False)


def test_a_stopped_worker_stays_off_until_it_is_started(home: Home) -> None:
    home.house.worker("stereo", "stop")
    home.launcher.until(lambda: home.launcher.worker("stereo")["state"] == "stopped", "stereo is stopped")
    home.launcher.until(lambda: home.launcher.ring("picture")["state"] == "away", "its picture is stale")
    home.house.change("scene", "balls", 3, save=False)
    home.until("scene", "balls", 3)
    home.launcher.until_running("capture")
    assert home.launcher.worker("stereo")["state"] == "stopped"
    home.house.worker("stereo", "start")
    home.launcher.until_running()
    home.launcher.until_flowing()


def test_a_worker_is_restarted(home: Home) -> None:
    before = home.launcher.pids()["steady"]
    home.house.worker("steady", "restart")
    home.launcher.until(lambda: home.launcher.pids()["steady"] not in (None, before), "it is another process")
    home.launcher.until_flowing()


def test_the_last_sink_cannot_be_stopped_nor_what_is_not_there(home: Home) -> None:
    with pytest.raises(Refused, match="null is the last sink"):
        home.house.worker("null", "stop")
    with pytest.raises(Refused, match="there is no worker 'depth'; there are capture"):
        home.house.worker("depth", "stop")
    with pytest.raises(Refused, match="start, stop or restart"):
        home.house.worker("steady", "kill")


def test_what_a_worker_has_set_for_all_stays_when_something_else_is_changed(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(FIRST)
    with launched(tmp_path, file=file, swap=["null=turns_knobs"]) as launcher:
        home = Home(launcher, file)
        home.until("stereo", "layout", "depth")
        home.house.change("scene", "balls", 3, save=False)
        home.until("scene", "balls", 3)
        assert home.value("stereo", "layout") == "depth"
        os.kill(launcher.pids()["stereo"], 9)
        launcher.until_restarted("stereo", {"stereo": 0})
        launcher.until_flowing()
        assert launcher.ring("picture")["shape"] == [180, 320, 3]


def test_saved_settings_are_there_at_the_next_start(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(dedent(FIRST))
    with launched(tmp_path, file=file) as launcher:
        LauncherHouse(launcher.pid).change("scene", "balls", 5, save=True)
    with launched(tmp_path, file=file) as launcher:
        assert Home(launcher, file).value("scene", "balls") == 5
    assert file.read_text() == FIRST.replace("balls: 2", "balls: 5")
