"""The catalogue on small packages written for each test."""

import itertools
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from pipeline.catalogue import CatalogueError, implementations, rooms, settings_types

_numbers = itertools.count()

SETTINGS = """
from dataclasses import dataclass

@dataclass(frozen=True)
class Settings:
    speed: float = 1.0
"""

MakePackage = Callable[[dict[str, str]], str]


@pytest.fixture
def make_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakePackage:
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(files: dict[str, str]) -> str:
        package = f"catalogue_workers_{next(_numbers)}"
        for name, code in {"__init__.py": "", **files}.items():
            file = tmp_path / package / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(dedent(code))
        return package

    return make


def test_implementations_are_the_files_of_a_room_with_their_module_path(make_package: MakePackage) -> None:
    package = make_package({"capture/screen.py": "", "capture/scene.py": "", "sinks/null.py": ""})
    assert implementations("capture", package) == {
        "scene": f"{package}.capture.scene",
        "screen": f"{package}.capture.screen",
    }
    assert list(implementations("capture", package)) == ["scene", "screen"]


def test_listing_imports_nothing(make_package: MakePackage) -> None:
    package = make_package(
        {"capture/broken.py": "raise RuntimeError", "capture/__init__.py": "raise OSError"}
    )
    assert list(implementations("capture", package)) == ["broken"]
    assert f"{package}.capture" not in sys.modules


def test_files_that_start_with_an_underscore_or_are_no_module_name_are_no_implementations(
    make_package: MakePackage,
) -> None:
    files = ["__init__.py", "_gl.py", "my-cam.py", "readme.txt", "real.py"]
    package = make_package({f"capture/{file}": "" for file in files})
    assert list(implementations("capture", package)) == ["real"]


def test_files_that_the_room_names_as_its_parts_are_no_implementations(make_package: MakePackage) -> None:
    files = {"stereo/__init__.py": "PARTS = ('warp',)", "stereo/warp.py": "", "stereo/compose.py": ""}
    package = make_package({**files, "sinks/__init__.py": "PARTS = (", "sinks/warp.py": ""})
    assert list(implementations("stereo", package)) == ["compose"]
    assert list(implementations("sinks", package)) == ["warp"], "a file that cannot be read names none"


def test_rooms_are_the_folders_with_code_in_them(make_package: MakePackage) -> None:
    package = make_package({"stereo/__init__.py": "", "capture/a.py": "", "_x/a.py": "", "worker.py": ""})
    assert rooms(package) == ("capture", "stereo")


def test_a_room_that_does_not_exist_has_no_implementations(make_package: MakePackage) -> None:
    assert implementations("kitchen", make_package({})) == {}


@pytest.mark.parametrize("package", ["no_such_package", "no_such_package.inside", "itertools"])
def test_a_package_that_does_not_exist_is_named(package: str) -> None:
    with pytest.raises(CatalogueError, match=f"{package}: there is no package of this name"):
        implementations("capture", package)


def test_an_implementation_dropped_in_a_moment_ago_is_found(
    make_package: MakePackage, tmp_path: Path
) -> None:
    package = make_package({"sinks/null.py": ""})
    settings_types(package)
    (tmp_path / package / "sinks" / "new.py").write_text(SETTINGS)
    assert list(implementations("sinks", package)) == ["new", "null"]
    assert list(settings_types(package)) == ["new"]


def test_settings_are_found_beside_implementations_and_in_rooms(make_package: MakePackage) -> None:
    package = make_package(
        {"capture/__init__.py": SETTINGS, "capture/scene.py": SETTINGS, "sinks/null.py": ""}
    )
    types = settings_types(package)
    assert list(types) == ["capture", "scene"]
    assert types["scene"]().speed == 1.0
    assert types["scene"].__module__ == f"{package}.capture.scene"


def test_settings_imported_from_the_room_are_not_the_implementations_own(make_package: MakePackage) -> None:
    package = make_package({"stereo/__init__.py": SETTINGS, "stereo/warp.py": "from . import Settings"})
    assert list(settings_types(package)) == ["stereo"]


def test_two_sections_of_one_name_are_an_error_that_names_both_files(make_package: MakePackage) -> None:
    package = make_package({"capture/scene.py": SETTINGS, "sinks/scene.py": SETTINGS})
    with pytest.raises(CatalogueError) as caught:
        settings_types(package)
    assert str(Path(package, "capture", "scene.py")) in str(caught.value)
    assert str(Path(package, "sinks", "scene.py")) in str(caught.value)


def test_an_implementation_named_like_a_room_collides_if_both_have_settings(
    make_package: MakePackage,
) -> None:
    package = make_package({"stereo/__init__.py": SETTINGS, "capture/stereo.py": SETTINGS})
    with pytest.raises(CatalogueError, match="the section stereo is already defined by"):
        settings_types(package)


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("import no_such_library", "ModuleNotFoundError: No module named 'no_such_library'"),
        ("def broken(:", "SyntaxError"),
        ("class Odd(Exception): pass\nraise Odd('no display')", "Odd: no display"),
        ("raise SystemExit(3)", "SystemExit: 3"),
    ],
)
def test_a_file_that_cannot_be_imported_is_named_with_the_cause(
    make_package: MakePackage, code: str, cause: str
) -> None:
    package = make_package({"capture/broken.py": code})
    with pytest.raises(CatalogueError) as caught:
        settings_types(package)
    assert Path(caught.value.file).parts[-2:] == ("capture", "broken.py")
    assert f"cannot be imported: {cause}" in caught.value.what


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("class Settings: pass", "must be a dataclass"),
        ("from dataclasses import dataclass\n@dataclass\nclass Settings:\n    a: int = 1", "frozen=True"),
        (
            "from dataclasses import dataclass\n@dataclass(frozen=True)\nclass Settings:\n    a: int",
            "Settings.a",
        ),
    ],
)
def test_settings_of_the_wrong_kind_are_refused_with_the_file(
    make_package: MakePackage, code: str, what: str
) -> None:
    package = make_package({"capture/odd.py": code})
    with pytest.raises(CatalogueError, match=what) as caught:
        settings_types(package)
    assert Path(caught.value.file).parts[-2:] == ("capture", "odd.py")
