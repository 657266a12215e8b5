"""Settings on a small package of workers and real files; nothing here knows the real workers."""

import itertools
import json
import os
import random
import re
import stat
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from pipeline.settings import Change, SettingsError, changes, live_value, load, write_back
from tests.pipeline.running import REPO

_numbers = itertools.count()

CAPTURE = """
    from dataclasses import dataclass
    from typing import Annotated, Literal
    from annotated_types import Ge, Gt, Le, Len, MultipleOf

    @dataclass(frozen=True)
    class Settings:
        source: Annotated[str, "implementation"] = "screen"
        fps: Annotated[int, Ge(1), Le(240)] = 60
        scale: Annotated[float, Gt(0), Le(1000000), "live"] = 1.0
        region: tuple[int, int, int, int] | None = None
        threads: Annotated[int, Ge(1)] | Literal["auto"] = "auto"
        cursor: Literal["on", "off"] = "on"
        eyes: Literal[1, 2] = 2
        title: str | None = None
        name: str = "main"
        mirror: Annotated[bool, "live"] = False
        tags: Annotated[tuple[str, ...], Len(0, 3)] = ()
        align: Annotated[int, MultipleOf(2)] = 2
"""
SCENE = """
    from __future__ import annotations
    from dataclasses import dataclass
    from typing import Annotated
    from annotated_types import Ge

    @dataclass(frozen=True)
    class Settings:
        speed: Annotated[float, Ge(0), "live"] = 2
        low: int = 0
        high: int = 9

        def __post_init__(self) -> None:
            if self.low > self.high:
                raise ValueError("low is above high")
"""
GOOD = """\
# Stereoring settings
log:
  level:   info        # debug, info, warning, error

capture:               # where the picture comes from
  # frames per second
  fps: 60              # 1 to 240
  source: "screen"     # quoted on purpose
  region: [0,  0, 100, 200]   # x y w h
  scale: 1.50
  tags:
  - a   # first

  # - b  is off

scene:
# where the result goes
sinks:
  - null   # nothing
  - web    # the last one

profiles:
  fast: {capture: {fps: 120}, sinks: [web]}
  slow:
      capture:
          fps: 30
      log: {level: debug}
# the end
"""

NULL = "  - null   # nothing\n"
WEB = "  - web    # the last one\n"

Write = Callable[[str], Path]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    name = f"settings_workers_{next(_numbers)}"
    files = {"capture/__init__": CAPTURE, "capture/scene": SCENE}
    for file in ["capture/screen", "capture/video_file", "sinks/null", "sinks/web", "sinks/window"]:
        files[file] = ""
    add(tmp_path / name, files)
    monkeypatch.syspath_prepend(str(tmp_path))
    return name


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    (tmp_path / "files").mkdir()
    monkeypatch.chdir(tmp_path / "files")

    def write_settings(text: str) -> Path:
        Path("settings.yaml").write_bytes(text.encode())
        return Path("settings.yaml")

    return write_settings


def add(folder: Path, files: dict[str, str]) -> None:
    for name, code in files.items():
        file = folder / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(code))


def complaints(path: str | Path, package: str, **options: Any) -> list[str]:
    """What load says, a string for each line."""
    with pytest.raises(SettingsError) as caught:
        load(path, package=package, **options)
    lines = str(caught.value).split("\n")
    assert len(lines) == len(caught.value.problems)
    return lines


# What a good file gives


def test_an_empty_file_means_all_defaults(package: str, write: Write) -> None:
    settings = load(write(""), package=package)
    assert settings.section("capture").fps == 60
    assert settings.section("scene").speed == 2
    assert settings.section("log").level == "info"
    assert settings.sinks == ()
    assert (settings.path, settings.profile) == (Path("settings.yaml"), None)


def test_given_values_replace_defaults_and_the_rest_stays(package: str, write: Write) -> None:
    settings = load(write(GOOD), package=package)
    assert settings.section("capture").region == (0, 0, 100, 200)
    assert settings.section("capture").scale == 1.5
    assert settings.section("capture").threads == "auto"
    assert settings.sinks == ("null", "web")


def test_sections_are_instances_of_the_workers_own_frozen_dataclasses(package: str, write: Write) -> None:
    section = load(write(GOOD), package=package).section("capture")
    assert type(section).__module__ == f"{package}.capture"
    with pytest.raises(AttributeError):
        section.fps = 3


def test_an_unknown_section_name_is_a_key_error(package: str, write: Write) -> None:
    with pytest.raises(KeyError):
        load(write(""), package=package).section("kitchen")


def test_as_dict_is_every_section_as_json_data(package: str, write: Write) -> None:
    data = load(write(GOOD), package=package).as_dict()
    assert json.loads(json.dumps(data)) == data
    assert list(data) == ["job", "log", "keys", "processes", "programs", "capture", "scene"]
    assert data["capture"]["region"] == [0, 0, 100, 200]
    assert data["scene"] == {"speed": 2.0, "low": 0, "high": 9}


@pytest.mark.parametrize(
    ("line", "key", "value"),
    [
        ("scale: 3", "scale", 3.0),
        ("scale: 1e3", "scale", 1000.0),
        ("fps: 0x10", "fps", 16),
        ("region: [1, 2, 3, 4]", "region", (1, 2, 3, 4)),
        ("region: null", "region", None),
        ("region:", "region", None),
        ("threads: 4", "threads", 4),
        ("threads: auto", "threads", "auto"),
        ("mirror: yes", "mirror", True),
        ("mirror: off", "mirror", False),
        ("cursor: off", "cursor", "off"),
        ("cursor: 'off'", "cursor", "off"),
        ("name: no", "name", "no"),
        ("name: null", "name", "null"),
        ("name: 16:9", "name", "16:9"),
        ("name: 2026-01-01", "name", "2026-01-01"),
        ("tags: [on, null, a]", "tags", ("on", "null", "a")),
        ("title: null", "title", None),
        ('title: "null"', "title", "null"),
        ("eyes: 1", "eyes", 1),
    ],
)
def test_values_mean_what_a_reader_expects(
    package: str, write: Write, line: str, key: str, value: object
) -> None:
    found = getattr(load(write(f"capture:\n  {line}\n"), package=package).section("capture"), key)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("text", ["sinks: [null]", "sinks:\n- null", "sinks: ['null']", "sinks: [~, null]"])
def test_an_unquoted_null_in_the_sinks_is_the_sink_of_that_name(
    package: str, write: Write, text: str
) -> None:
    if "~" in text:
        assert complaints(write(text), package) == [
            "settings.yaml:1: sinks: must be one of null, web, window, auto (got ~)"
        ]
    else:
        assert load(write(text), package=package).sinks == ("null",)


@pytest.mark.parametrize("text", ["capture:", "capture: {}", "capture: null", "profiles:", "sinks:", "---"])
def test_a_section_with_nothing_in_it_means_its_defaults(package: str, write: Write, text: str) -> None:
    assert load(write(text), package=package) == load(write(""), package=package)


# Profiles and --set


def test_a_profile_lies_on_top_of_the_file(package: str, write: Write) -> None:
    settings = load(write(GOOD), profile="slow", package=package)
    assert settings.profile == "slow"
    assert settings.section("capture").fps == 30
    assert settings.section("capture").scale == 1.5
    assert settings.section("log").level == "debug"
    assert settings.sinks == ("null", "web")
    assert load(write(GOOD), profile="fast", package=package).sinks == ("web",)


def test_overrides_lie_on_top_of_the_profile_and_the_last_one_wins(package: str, write: Write) -> None:
    overrides = ["capture.fps=5", "capture.fps=6", "capture.region=[1,2,3,4]", "capture.name=a=b"]
    settings = load(write(GOOD), profile="fast", overrides=overrides, package=package)
    assert settings.section("capture").fps == 6
    assert settings.section("capture").region == (1, 2, 3, 4)
    assert settings.section("capture").name == "a=b"


@pytest.mark.parametrize(
    ("override", "sinks"),
    [
        ("sinks=null,web", ("null", "web")),
        ("sinks=[null]", ("null",)),
        ("sinks=null", ("null",)),
        ("sinks=", ()),
        ("sinks=[]", ()),
    ],
)
def test_sinks_can_be_overridden_as_words_or_as_a_list(
    package: str, write: Write, override: str, sinks: tuple[str, ...]
) -> None:
    assert load(write(GOOD), overrides=[override], package=package).sinks == sinks


@pytest.mark.parametrize(
    ("override", "complaint"),
    [
        ("capture.fpss=3", "capture.fpss: unknown key (did you mean fps)"),
        ("captur.fps=3", "captur: unknown section (did you mean capture)"),
        ("capture.fps=600", "capture.fps: must be at most 240 (got 600)"),
        ("capture.fps=", "capture.fps: must be a whole number (got nothing)"),
        ("capture.fps=[", "capture.fps: not valid YAML: expected the node content, but found '<stream end>'"),
        ("sinks=wep", "sinks: must be one of null, web, window, auto (got wep; did you mean web)"),
        ("profiles.a=3", "profiles: can only be changed in the file"),
        ("capture.fps", "must look like section.key=value or sinks=name,name"),
        ("fps=3", "must look like section.key=value or sinks=name,name"),
        ("sinks.x=3", "must look like section.key=value or sinks=name,name"),
        ("=", "must look like section.key=value or sinks=name,name"),
    ],
)
def test_a_wrong_override_is_quoted_without_a_line(
    package: str, write: Write, override: str, complaint: str
) -> None:
    assert complaints(write(GOOD), package, overrides=[override]) == [f"--set {override}: {complaint}"]


def test_an_unknown_profile_is_named_with_the_nearest(package: str, write: Write) -> None:
    assert complaints(write(GOOD), package, profile="fasst") == [
        "settings.yaml: profiles.fasst: unknown profile (did you mean fast)"
    ]
    assert complaints(write(""), package, profile="x") == [
        "settings.yaml: profiles.x: unknown profile (known: none)"
    ]


def test_profiles_are_checked_with_line_numbers_even_when_not_selected(package: str, write: Write) -> None:
    text = """\
        profiles:
          fast: {capture: {fps: 600}}
          slow:
            captur: {}
            sinks: [wep]
            profiles: {}
          odd: 3
    """
    assert complaints(write(dedent(text)), package) == [
        "settings.yaml:2: profiles.fast.capture.fps: must be at most 240 (got 600)",
        "settings.yaml:4: profiles.slow.captur: unknown section (did you mean capture)",
        "settings.yaml:5: profiles.slow.sinks: must be one of null, web, window, auto"
        " (got wep; did you mean web)",
        "settings.yaml:6: profiles.slow.profiles: unknown section"
        " (known: job, log, keys, processes, programs, capture, scene, sinks)",
        "settings.yaml:7: profiles.odd: must be a mapping of names and values (got 3)",
    ]


# What is wrong in a file


def test_all_problems_are_reported_at_once_in_line_order(package: str, write: Write) -> None:
    text = """\
        sinks: [null, wep]
        log: {level: inf}
        captur: {}
        capture:
          fpss: 3
          fps: 600
          fps: 30
          source: screeen
          mirror: 1
        scene: fast
        capture: {}
    """
    path = write(dedent(text))
    assert complaints(path, package, profile="no", overrides=["capture.eyes=3"]) == [
        "settings.yaml:1: sinks: must be one of null, web, window, auto (got wep; did you mean web)",
        "settings.yaml:2: log.level: must be one of debug, info, warning, error (got inf; did you mean info)",
        "settings.yaml:3: captur: unknown section (did you mean capture)",
        "settings.yaml:5: capture.fpss: unknown key (did you mean fps)",
        "settings.yaml:6: capture.fps: must be at most 240 (got 600)",
        "settings.yaml:7: capture.fps: is given twice (first in line 6)",
        "settings.yaml:8: capture.source: must be one of scene, screen, video_file"
        " (got screeen; did you mean screen)",
        "settings.yaml:9: capture.mirror: must be true or false (got 1)",
        "settings.yaml:10: scene: must be a mapping of names and values (got fast)",
        "settings.yaml:11: capture: is given twice (first in line 4)",
        "settings.yaml: profiles.no: unknown profile (known: none)",
        "--set capture.eyes=3: capture.eyes: must be one of 1, 2 (got 3)",
    ]


def test_a_problem_carries_file_line_key_and_words(package: str, write: Write) -> None:
    with pytest.raises(SettingsError) as caught:
        load(write("\ncapture:\n  fps: 0\n"), package=package)
    (problem,) = caught.value.problems
    assert (problem.file, problem.line, problem.key) == ("settings.yaml", 3, "capture.fps")
    assert problem.what == "must be at least 1 (got 0)"


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("fps: yes", "must be a whole number (got yes)"),
        ("fps: 60.0", "must be a whole number (got 60.0)"),
        ('fps: "60"', 'must be a whole number (got "60")'),
        ("fps: 010", "must be a whole number (got 010)"),
        ("fps: [60]", "must be a whole number (got a list)"),
        ("fps: {a: 1}", "must be a whole number (got a mapping)"),
        ("scale: true", "must be a number (got true)"),
        ("scale: '1'", 'must be a number (got "1")'),
        ("scale: .nan", "is not a number that can be used (got .nan)"),
        ("scale: 0", "must be more than 0 (got 0)"),
        ("scale: 2e6", "must be at most 1000000 (got 2e6)"),
        ("scale: 1e999", "is not a number that can be used (got 1e999)"),
        ("name: 3", "must be text (got 3)"),
        ("name:", "must be text (got nothing)"),
        ("cursor: of", "must be one of on, off (got of; did you mean off)"),
        ("eyes: yes", "must be one of 1, 2 (got yes)"),
        ("threads: many", "must be a whole number or one of auto (got many)"),
        ("threads: 0", "must be at least 1 or one of auto (got 0)"),
        ("region: [1, 2, x, 4]", "must be a whole number (got x)"),
        ("region: [1, 2]", "has too few values (got a list)"),
        ("region: [1, 2, 3, 4, 5]", "must have at most 4 values (got a list)"),
        ("region: 3", "must be a list (got 3)"),
        ("tags: [a, b, c, d]", "must have at most 3 values (got a list)"),
        ("tags: [on, 3]", "must be text (got 3)"),
        ("align: 3", "must be a multiple of 2 (got 3)"),
        ('name: "\\ud800"', 'is no value that can be used (got " ")'),
    ],
)
def test_a_wrong_value_is_explained_in_plain_words(
    package: str, write: Write, line: str, complaint: str
) -> None:
    key = line.split(":")[0]
    assert complaints(write(f"capture:\n  {line}\n"), package) == [
        f"settings.yaml:2: capture.{key}: {complaint}"
    ]


def test_a_wrong_item_is_reported_on_its_own_line(package: str, write: Write) -> None:
    text = "capture:\n  tags:\n  - a\n  - 3\nsinks:\n- web\n- null\n- web\n- [x]\n"
    assert complaints(write(text), package) == [
        "settings.yaml:4: capture.tags: must be text (got 3)",
        "settings.yaml:8: sinks: lists web twice",
        "settings.yaml:9: sinks: must be one of null, web, window, auto (got a list)",
    ]


@pytest.mark.parametrize("text", ["sinks: web", "sinks: null", "sinks: {web: 1}"])
def test_sinks_that_are_no_list_are_refused(package: str, write: Write, text: str) -> None:
    (complaint,) = complaints(write(text), package)
    assert complaint.startswith("settings.yaml:1: sinks: must be a list of names like [web] (got ")


def test_values_that_do_not_go_together_are_reported_with_their_section(package: str, write: Write) -> None:
    assert complaints(write("scene:\n  low: 99\n"), package) == ["settings.yaml:2: scene: low is above high"]
    wrong = ["settings.yaml:1: scene.high: must be a whole number (got x)"]
    assert complaints(write("scene: {low: 99, high: x}"), package) == wrong, "the high is not known"


def test_what_only_several_values_show_is_reported_beside_all_else(package: str, write: Write) -> None:
    text = """\
        capture: {fpss: 3}
        scene: {low: 99, speed: -1}
        keys:
          view: v
        programs:
          titles: ["mpv: film"]
    """
    lost = "would be lost to all other programs; add ctrl or alt or shift or super"
    assert complaints(write(dedent(text)), package, overrides=["keys.pause=p"]) == [
        "settings.yaml:1: capture.fpss: unknown key (did you mean fps)",
        "settings.yaml:2: scene.speed: must be at least 0 (got -1)",
        "settings.yaml:2: scene: low is above high",
        f"settings.yaml:4: keys.view: 'v' {lost}",
        "settings.yaml:6: programs.titles: unknown profile 'film' (known: none)",
        f"--set keys.pause=p: keys.pause: 'p' {lost}",
    ]


def test_lists_of_known_names_and_quoted_values_stay_short(
    package: str, write: Write, tmp_path: Path
) -> None:
    add(tmp_path / package, {f"sinks/extra_{number}": "" for number in range(50)})
    (complaint,) = complaints(write(f"sinks: [{'q' * 5000}]"), package)
    assert len(complaint) < 250
    assert ", ... (got qqq" in complaint


def test_a_room_with_nothing_in_it_offers_nothing(
    tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = f"settings_workers_{next(_numbers)}"
    add(tmp_path / package, {"capture/__init__": CAPTURE})
    monkeypatch.syspath_prepend(str(tmp_path))
    (complaint,) = complaints(write("sinks: [web]"), package)
    assert complaint.endswith("sinks: must be a name, and there is none to choose from (got web)")


# What is no settings file at all


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("capture: [", ":1: not valid YAML: expected the node content, but found '<stream end>'"),
        (
            "log: {}\ncapture:\n\tfps: 3",
            ":3: not valid YAML: found character '\\t' that cannot start any token",
        ),
        ("a: b: c", ":1: not valid YAML: mapping values are not allowed here"),
        ("---\nlog:\n---\nlog:", ":3: not valid YAML: found another document"),
        ("a: &a [1]\nb: *a", ":2: not valid YAML: *a refers to another place; write the value out"),
        ("a: !!python/none x", ":1: not valid YAML: !!python/none is a tag; write the value without it"),
        ("log: {}\n\x00", ":2: not valid YAML: a control character"),
        ('a: "\\UFFFFFFFF"', ": not valid YAML: a number in an escape or directive is too large"),
        ("[" * 5000, ": is nested too deeply"),
        ("a: " + "{a: " * 5000, ": is nested too deeply"),
        ("- 1", ":1: must be a mapping of names and values (got a list)"),
        ("hello", ":1: must be a mapping of names and values (got hello)"),
        ("? [a]\n: 1", ":1: a key must be a plain name"),
        ("capture: {? [a] : 1}", ":1: capture: a key must be a plain name"),
        (
            "<<: {fps: 3}",
            ":1: <<: unknown section "
            "(known: job, log, keys, processes, programs, capture, scene, sinks, ...)",
        ),
        ("#" * 300_000, ": is larger than 256 KB, so it is no settings file"),
    ],
)
def test_what_is_no_settings_file_is_said_plainly(
    package: str, write: Write, text: str, complaint: str
) -> None:
    assert complaints(write(text), package) == [f"settings.yaml{complaint}"]


def test_an_anchor_bomb_is_refused_without_being_unfolded(package: str, write: Write) -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 64)]
    assert complaints(write("\n".join(lines)), package) == [
        "settings.yaml:2: not valid YAML: *a0 refers to another place; write the value out"
    ]


def test_a_file_of_ten_megabytes_is_refused(package: str, write: Write) -> None:
    (complaint,) = complaints(write("a: 1\n" * 2_000_000), package)
    assert complaint == "settings.yaml: is larger than 256 KB, so it is no settings file"


def test_a_binary_file_is_refused(package: str, tmp_path: Path) -> None:
    path = tmp_path / "settings.yaml"
    path.write_bytes(b"log: {}\n\xff\xfe\x00\x80")
    assert complaints(path, package) == [f"{path}:2: is not UTF-8 text"]


def test_a_missing_file_a_folder_and_an_impossible_path_are_named(package: str, tmp_path: Path) -> None:
    missing = tmp_path / "missing.yaml"
    assert complaints(missing, package) == [f"{missing}: cannot be read: No such file or directory"]
    assert complaints(tmp_path, package) == [f"{tmp_path}: is not a file"]
    assert complaints("a\0b", package) == ["a b: cannot be read: embedded null byte"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root and Windows may read it")
def test_an_unreadable_file_is_named(package: str, write: Write) -> None:
    path = write(GOOD)
    path.chmod(0)
    assert complaints(path, package) == ["settings.yaml: cannot be read: Permission denied"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_does_not_make_load_wait(package: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert complaints(tmp_path / "pipe", package) == [f"{tmp_path / 'pipe'}: is not a file"]


def test_windows_line_ends_and_a_byte_order_mark_are_fine(package: str, write: Write) -> None:
    path = write("\ufeff" + GOOD.replace("\n", "\r\n"))
    assert load(path, package=package) == load(write(GOOD), package=package)
    assert complaints(write("\ufefflog:\r\n  level: x\r\n"), package)[0].startswith(
        "settings.yaml:2: log.level"
    )


# What is wrong in a worker


def test_a_worker_that_cannot_be_imported_is_named(package: str, write: Write, tmp_path: Path) -> None:
    add(tmp_path / package, {"sinks/broken": "import no_such_library"})
    (complaint,) = complaints(write(GOOD), package)
    assert Path("sinks", "broken.py").as_posix() in Path(complaint).as_posix()
    assert complaint.endswith("cannot be imported: ModuleNotFoundError: No module named 'no_such_library'")


@pytest.mark.parametrize(("room", "name"), [("sinks", "__init__"), ("sinks", "log"), ("capture", "profiles")])
def test_a_worker_may_not_take_the_pipelines_own_sections(
    package: str, write: Write, tmp_path: Path, room: str, name: str
) -> None:
    add(tmp_path / package, {f"{room}/{name}": SCENE})
    (complaint,) = complaints(write(GOOD), package)
    assert f"{name}.py: may have no Settings: the section " in complaint


SENSELESS = """
    from dataclasses import dataclass
    from typing import Annotated
    from annotated_types import Ge

    @dataclass(frozen=True)
    class Settings:
        odd: ANNOTATION = "x"
"""


@pytest.mark.parametrize("annotation", ["'NoSuchType'", "object()", "type(dataclass)"])
def test_a_senseless_annotation_is_an_error_that_names_the_file(
    package: str, write: Write, tmp_path: Path, annotation: str
) -> None:
    add(tmp_path / package, {"sinks/window": SENSELESS.replace("ANNOTATION", annotation)})
    (complaint,) = complaints(write(""), package)
    assert "window.py: window: its Settings make no sense: " in complaint


def test_a_limit_that_does_not_fit_its_type_is_an_error_and_no_traceback(
    package: str, write: Write, tmp_path: Path
) -> None:
    add(tmp_path / package, {"sinks/window": SENSELESS.replace("ANNOTATION", "Annotated[str, Ge(3)]")})
    (complaint,) = complaints(write("window: {odd: y}"), package)
    assert complaint.startswith(
        "settings.yaml:1: window.odd: cannot be checked, its worker's Settings make no"
    )


# Changes


def test_changes_name_section_key_and_values_and_tell_live_ones_apart(package: str, write: Write) -> None:
    old = load(write(GOOD), package=package)
    overrides = ["capture.scale=3", "capture.fps=5", "scene.speed=1", "log.level=error", "sinks=web"]
    assert changes(old, load(write(GOOD), overrides=overrides, package=package)) == [
        Change("log", "level", "info", "error", live=True),
        Change("capture", "fps", 60, 5, live=False),
        Change("capture", "scale", 1.5, 3.0, live=True),
        Change("scene", "speed", 2, 1.0, live=True),
        Change("sinks", "", ("null", "web"), ("web",), live=False),
    ]
    assert changes(old, old) == []


def test_the_section_of_a_worker_dropped_in_meanwhile_is_compared_to_its_defaults(
    package: str, write: Write, tmp_path: Path
) -> None:
    old = load(write(""), package=package)
    add(tmp_path / package, {"sinks/late": SCENE})
    assert changes(old, load(write("late: {low: 3}"), package=package)) == [
        Change("late", "low", 0, 3, live=False)
    ]


# Writing back


EVEN = """\
# on top
capture:            # where pictures come from
  source: "screen"  # quoted
  fps: 60           # a second
  region: [0, 0, 100, 200]
  scale: 1.50
  # between
  tags:
    - a             # first
    - b             # second

log: {level: info}  # how much
sinks: [null, web]  # where to
profiles:
  fast: {capture: {fps: 120}}
# at the end
"""


@pytest.mark.parametrize(
    ("section", "key", "value", "before", "after"),
    [
        ("capture", "fps", 120, "fps: 60 ", "fps: 120"),
        ("log", "level", "debug", "level: info}  #", "level: debug} #"),
        ("capture", "source", "scene", '"screen"  #', '"scene"   #'),
        ("capture", "region", (1, 2, 3, 4), "[0, 0, 100, 200]", "[1, 2, 3, 4]"),
        ("capture", "region", None, "[0, 0, 100, 200]", "null"),
        ("capture", "scale", 2, "1.50", "2"),
        ("sinks", "", ["web"], "[null, web]  #", "[web]        #"),
        ("sinks", "", ["null", "web", "window"], "[null, web]  #", "[null, web, window] #"),
    ],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_one_value_is_written_and_every_other_line_stays(
    package: str,
    write: Write,
    section: str,
    key: str,
    value: object,
    before: str,
    after: str,
    line_end: str,
) -> None:
    assert EVEN.count(before) == 1
    path = write(EVEN.replace("\n", line_end))
    write_back(path, section, key, value, package=package)
    assert path.read_bytes().decode() == EVEN.replace(before, after).replace("\n", line_end)
    settings = load(path, package=package)
    found = getattr(settings.section(section), key) if key else settings.sinks
    assert found == (tuple(value) if isinstance(value, list) else value)


@pytest.mark.parametrize("value", ["a: #b", "off", "12", "é\nb", "null", "16:9", " x "])
def test_a_text_that_looks_like_something_else_is_quoted(package: str, write: Write, value: str) -> None:
    path = write(EVEN)
    write_back(path, "capture", "name", value, package=package)
    assert load(path, package=package).section("capture").name == value
    assert comments(path.read_text()) == comments(EVEN)


@pytest.mark.parametrize("value", [["x", "null"], ["x", "a"], ["a"], ["a", "b", "c"], []])
def test_a_list_is_replaced_where_it_stands(package: str, write: Write, value: list[str]) -> None:
    path = write(EVEN)
    write_back(path, "capture", "tags", value, package=package)
    assert load(path, package=package).section("capture").tags == tuple(value)
    assert comments(path.read_text()) == comments(EVEN)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# mine\n",
        "log: {}  # x",
        "log:\n  level: info\n  # other: 3\n",
        "scene: {}",
        "scene: {low: 1,}",
        "scene: ~  # x",
        "{log: {}}",
        "scene:\n    low: 1 # x\n\n# y\nlog:\n",
        "scene: {speed: 3.0}",
        "scene:\n  speed: 1\nprofiles: {a: {scene: {speed: 1}}}",
    ],
)
def test_a_missing_key_or_section_is_added(package: str, write: Write, text: str) -> None:
    path = write(text)
    write_back(path, "scene", "speed", 3, package=package)
    assert load(path, package=package).section("scene").speed == 3
    assert comments(path.read_text()) == comments(text)


@pytest.mark.parametrize(
    ("section", "key", "value", "complaint"),
    [
        ("capture", "fps", 999, "capture.fps: must be at most 240 (got 999)"),
        ("capture", "fps", True, "capture.fps: must be a whole number (got true)"),
        ("capture", "fps", object, "capture.fps: <class 'object'> is no plain value"),
        ("capture", "scale", float("nan"), "capture.scale: is not a number that can be used (got .nan)"),
        ("capture", "fpss", 3, "capture.fpss: unknown key (did you mean fps)"),
        ("captur", "fps", 3, "captur: unknown section (did you mean capture)"),
        ("capture", "", {"fps": 3}, "capture: cannot be changed without disturbing other values"),
        ("scene", "low", 99, "scene: low is above high"),
        ("sinks", "", ["wep"], "sinks: must be one of null, web, window, auto (got wep; did you mean web)"),
        ("sinks", "", "web", "sinks: must be a list of names like [web] (got web)"),
    ],
)
def test_a_value_that_is_not_allowed_leaves_the_file_untouched(
    package: str, write: Write, section: str, key: str, value: object, complaint: str
) -> None:
    path = write(GOOD)
    with pytest.raises(SettingsError) as caught:
        write_back(path, section, key, value, package=package)
    assert str(caught.value) == f"settings.yaml: {complaint}"
    assert path.read_text() == GOOD
    assert os.listdir() == ["settings.yaml"]


@pytest.mark.parametrize(
    ("text", "section", "key", "value", "lost"),
    [
        ("sinks:\n  - web\n  # big\n  - window\n# the rest\nlog: {}\n", "sinks", "", ["web"], "# the rest"),
        ("sinks: [web,  # mine\n  # big\n  window]\n", "scene", "speed", 3, "# mine, # big"),
        ("# head\n---\nscene: {low: 1}\n", "scene", "speed", 3, "# head"),
        ("capture:\n  tags:\n    - a\n    - b  # two\n    # end\n", "capture", "tags", ["a"], "# end"),
    ],
)
def test_what_would_lose_a_comment_leaves_the_file_untouched_and_says_which(
    package: str, write: Write, text: str, section: str, key: str, value: object, lost: str
) -> None:
    path = write(text)
    with pytest.raises(SettingsError) as caught:
        write_back(path, section, key, value, package=package)
    name = f"{section}.{key}" if key else section
    why = f"cannot be changed without losing {lost}; change it in the file"
    assert str(caught.value) == f"settings.yaml: {name}: {why}"
    assert path.read_text() == text


def test_what_would_be_no_yaml_leaves_the_file_untouched(package: str, write: Write) -> None:
    text = "capture:\n  tags:  # where\n    # one\n    - a  # a\n  # after\n  fps: 30\n"
    path = write(text)
    with pytest.raises(SettingsError) as caught:
        write_back(path, "capture", "tags", [], package=package)
    what = "capture.tags: cannot be changed without disturbing other values"
    assert str(caught.value) == f"settings.yaml: {what}"
    assert path.read_text() == text


def test_a_number_sign_that_begins_no_comment_may_go(package: str, write: Write) -> None:
    path = write('capture:\n  title: |-\n    # no comment\n  name: "a # b"  # one\n  tags: [a#b]\n')
    for key, value in (("title", "x"), ("name", "y"), ("tags", ["z"])):
        write_back(path, "capture", key, value, package=package)
    assert re.findall("#.*", path.read_text()) == ["# one"]


def test_a_file_with_other_problems_is_not_written(package: str, write: Write) -> None:
    path = write("log: {level: x}\n")
    with pytest.raises(SettingsError, match=r"settings\.yaml:1: log\.level"):
        write_back(path, "capture", "fps", 3, package=package)
    assert path.read_text() == "log: {level: x}\n"


def test_writing_keeps_the_mode_and_the_link_and_leaves_no_other_file(
    package: str, write: Write, tmp_path: Path
) -> None:
    (tmp_path / "real").mkdir()
    real = tmp_path / "real" / "mine.yaml"
    real.write_text(GOOD)
    real.chmod(0o640)
    link = tmp_path / "link.yaml"
    link.symlink_to(real)
    write_back(link, "capture", "fps", 61, package=package)
    assert link.is_symlink()
    assert "fps: 61" in real.read_text()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert os.listdir(real.parent) == ["mine.yaml"]


def test_a_reader_during_the_write_sees_the_old_file_or_the_new_one(package: str, write: Write) -> None:
    path = write(EVEN)
    with path.open() as reader:
        write_back(path, "capture", "fps", 61, package=package)
        assert reader.read() == EVEN
    assert path.read_text() == EVEN.replace("fps: 60", "fps: 61")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root and Windows may write it")
def test_a_folder_that_cannot_be_written_is_said_plainly(package: str, write: Write) -> None:
    path = write(GOOD)
    Path.cwd().chmod(0o500)
    with pytest.raises(SettingsError, match=r"settings\.yaml: cannot be written: Permission denied"):
        write_back(path, "capture", "fps", 61, package=package)
    Path.cwd().chmod(0o700)


# Any text at all

NASTY = [
    "\t",
    "\n",
    "  ",
    ":",
    "- ",
    "[",
    "]",
    "{",
    "}",
    "'",
    '"',
    "#",
    "&a ",
    "*a",
    "!!int ",
    "|\n",
    "> ",
    "? ",
]
NASTY += [
    "\x00",
    "\ud7ff",
    "\u2028",
    "%",
    "@",
    "`",
    "null",
    "on",
    "1e999",
    "-",
    "---\n",
    "...\n",
    "\\",
    "<<: ",
]
NASTY += ["sinks: ", "profiles: ", "9" * 5000, '"\\ud800"', "\r", "\ufeff", ",", "0x", "=", "~"]


def mutated(text: str, chance: random.Random, most: int = 6) -> str:
    for _ in range(chance.randint(1, most)):
        start = chance.randrange(len(text) + 1)
        end = min(len(text), start + chance.choice([0, 0, 1, 2, 8, 40]))
        other = chance.randrange(len(text) + 1)
        new = chance.choice([chance.choice(NASTY), "", text[start:end] * 2, text[other : other + 12]])
        text = text[:start] + new + text[end:]
    return text


def refusal(action: Callable[..., object], *arguments: Any, **options: Any) -> SettingsError | None:
    try:
        action(*arguments, **options)
    except SettingsError as error:
        return error
    return None


def test_load_of_any_text_gives_settings_or_a_settings_error(package: str, write: Write) -> None:
    chance = random.Random(20261120)
    refused = 0
    for number in range(1000):
        path, profile = write(mutated(GOOD, chance)), chance.choice([None, "fast"])
        error = refusal(load, path, profile=profile, package=package)
        refused += error is not None
        if error is not None:
            assert error.problems, f"mutation {number}"
            assert len(str(error).split("\n")) == len(error.problems), f"mutation {number}"
    assert 300 < refused < 1000


def test_any_override_gives_settings_or_a_settings_error(package: str, write: Write) -> None:
    chance = random.Random(7)
    path = write(GOOD)
    for _ in range(400):
        override = mutated("capture.tags=[a, b]", chance)
        error = refusal(load, path, overrides=[override], package=package)
        assert error is None or all(problem.line is None for problem in error.problems), override


VALUES: list[tuple[str, str, list[object]]] = [
    ("capture", "fps", [1, 240]),
    (
        "capture",
        "name",
        ["on", "null", "1e3", "a, b]", "'", '"', "x: y", " ", "", "#", "é", "a\nb", "16:9", "-"],
    ),
    ("capture", "tags", [[], ["null"], ["a b", "[", "on"], ["1"]]),
    ("capture", "region", [None, [1, 2, 3, 4]]),
    ("scene", "speed", [1e-9, 1e22, 3]),
    ("sinks", "", [[], ["null"], ["window", "web", "null"]]),
]


def comments(text: str) -> set[str]:
    return {line.strip() for line in text.splitlines() if line.strip().startswith("#")}


def test_write_back_into_any_good_text_changes_that_value_only(package: str, write: Write) -> None:
    chance = random.Random(11)
    written = 0
    for _ in range(400):
        text = mutated(GOOD, chance, most=2)
        section, key, choices = chance.choice(VALUES)
        value = chance.choice(choices)
        path = write(text)
        if refusal(load, path, package=package):
            continue
        expected = load(path, package=package).as_dict()
        error = refusal(write_back, path, section, key, value, package=package)
        if error is not None:
            assert "cannot be changed" in str(error) or "not valid YAML" in str(error), text
            assert path.read_bytes() == text.encode()
            continue
        written += 1
        after = load(path, package=package)
        if key:
            expected[section][key] = value
        else:
            assert list(after.sinks) == value, text
        assert after.as_dict() == expected, text
        if not isinstance(value, list):  # what stands behind an item of a list goes with it
            assert comments(path.read_bytes().decode()) >= comments(text), text
    assert written > 100


# Paths


@pytest.mark.parametrize(
    "setting",
    [
        "video.path",
        "image.path",
        "file.path",
        "wav.path",
        "sound_file.path",
        "steady.mask",
        "background.image",
        "background.video",
        "pose.json",
        "voice.key",
        "voice.weights",
        "web.certificate",
        "web.key",
    ],
)
def test_the_home_folder_may_be_written_short_in_every_path(
    setting: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    section, _, key = setting.partition(".")
    found = load(REPO / "settings.yaml", overrides=[f"{setting}=~/here"])
    assert getattr(found.section(section), key) == str(tmp_path / "here")
    if setting == "background.image":
        assert live_value(found.section(section), key, "~/there") == str(tmp_path / "there")
        with pytest.raises(ValueError, match="nobody who has a home here"):
            live_value(found.section(section), key, "~nobody-of-that-name/there")


# A live value from elsewhere


@pytest.mark.parametrize(("key", "value", "found"), [("scale", 2, 2.0), ("mirror", True, True)])
def test_a_live_value_from_elsewhere_is_checked_as_if_it_stood_in_the_file(
    package: str, write: Write, key: str, value: object, found: object
) -> None:
    checked = live_value(load(write(""), package=package).section("capture"), key, value)
    assert checked == found
    assert type(checked) is type(found)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("scale", "much"),
        ("scale", 0),
        ("scale", None),
        ("mirror", 1),
        ("fps", 30),
        ("sclae", 1),
        ("__class__", 1),
        ("scale", [1]),
    ],
    ids=["text", "too small", "none", "a number", "not live", "unknown", "no key", "a list"],
)
def test_what_cannot_be_set_while_running_is_refused(
    package: str, write: Write, key: str, value: object
) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (pydantic's own or ours)
        live_value(load(write(""), package=package).section("capture"), key, value)


def test_nothing_can_be_set_in_a_section_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="fps cannot be changed while running"):
        live_value(None, "fps", 3)


def test_a_hot_key_that_is_none_is_said_plainly(package: str, write: Write) -> None:
    (complaint,) = complaints(write("keys: {view: v}"), package)
    assert complaint.startswith(
        "settings.yaml:1: keys.view: 'v' would be lost to all other programs; add ctrl"
    )


def test_two_hot_keys_that_are_the_same_are_said_plainly(package: str, write: Write) -> None:
    """Also where one of them is a default."""
    assert complaints(write(GOOD + "\nkeys: {strength_up: Alt+F5, strength_down: alt+f5}\n"), package) == [
        "settings.yaml:30: keys.strength_down: alt+f5 is keys.strength_up already; one key does one thing"
    ]
    assert complaints(write(GOOD + "\nkeys: {view: ctrl+alt+space}\n"), package) == [
        "settings.yaml:30: keys.pause: ctrl+alt+space is keys.view already; one key does one thing"
    ]
    assert load(write(GOOD + "\nkeys: {view: '', pause: ''}\n"), package=package)
