"""Arrows between rooms go one way, and every file has a name that says what is in it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pipeline.running import REPO

ROOMS = ("pipeline", "workers", "shm")
FILES = [REPO / "launcher.py", *(path for room in ROOMS for path in sorted((REPO / room).rglob("*.py")))]
OURS = {"launcher", "tests", "scripts", *ROOMS}
PARTS = {"stereo": ("warp",)}  # as the room says itself
FORMULA_OF = {
    "sinks": ("stereo", "person", "voice", "audio", "sound", "encode"),
    "person": ("stereo", "capture"),
    "sound": ("voice",),
    "audio": ("sound",),
    "convert": ("capture", "steady", "stereo", "encode"),
}
"""A sink that makes the picture itself does it as those rooms do; both lay out two views alike, and a film
looks alike before and behind a person; packets are what voice and audio say; whoever records or plays does it
alike; a conversion shows and shrinks frames like capture, finds cuts and ranges like steady, makes frames no
larger than stereo's views and tells players what encode does."""
MAY_IMPORT = {"launcher.py": {"pipeline"}, "pipeline": {"pipeline", "workers", "shm"}, "shm": {"shm"}}


def module_of(file: Path) -> str:
    return ".".join(file.relative_to(REPO).with_suffix("").parts)


def imports_of(file: Path) -> Iterator[str]:
    """Modules (or names in them) of this project that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(file.read_text())):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: absolute imports only"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        yield from (name for name in names if name.split(".")[0] in OURS)


def is_implementation(name: str) -> bool:
    """It is a worker, or of one: `workers.<room>.<name>…`, and not the room's own or of one of its _files."""
    parts = name.split(".")
    if len(parts) > 2 and parts[2] in PARTS.get(parts[1], ()):
        return False
    files = REPO.joinpath(*parts[:3]).with_suffix(".py"), REPO.joinpath(*parts[:3])
    return parts[0] == "workers" and len(parts) > 2 and parts[2][0] != "_" and any(f.exists() for f in files)


def ids(file: Path) -> str:
    return str(file.relative_to(REPO))


@pytest.mark.parametrize("file", FILES, ids=ids)
def test_contract_arrows_between_rooms_go_one_way(file: Path) -> None:
    room = file.relative_to(REPO).parts[0]
    for name in imports_of(file):
        if room == "workers":
            own = file.relative_to(REPO).parts[1]
            allowed = name.startswith(("shm.", "workers.worker.", "workers.house.", "workers.models.")) or (
                name.split(".")[1] in (own, *FORMULA_OF.get(own, ())) and not is_implementation(name)
            )
            assert allowed, (
                f"{ids(file)} imports {name}: "
                "it may know shm, the step, the house, the models, its room and its _files"
            )
        else:
            assert name.split(".")[0] in MAY_IMPORT[room], f"{ids(file)} imports {name}"


def test_contract_the_one_step_knows_shm_and_what_the_house_looks_like() -> None:
    known = imports_of(REPO / "workers" / "worker.py")
    assert {name.split(".")[0] for name in known if not name.startswith("workers.house.")} == {"shm"}


def test_contract_no_two_modules_import_each_other() -> None:
    modules = {module_of(file).removesuffix(".__init__") for file in FILES}
    uses = {
        module_of(file): {
            module
            for name in imports_of(file)
            if (module := name if name in modules else name.rpartition(".")[0])
        }
        & modules
        for file in FILES
    }
    left = dict(uses)
    while left:
        leaves = [module for module, used in left.items() if not used & left.keys() - {module}]
        assert leaves, f"these import each other in a circle: {sorted(left)}"
        for module in leaves:
            del left[module]


@pytest.mark.parametrize(
    "name", ["utils", "util", "helpers", "helper", "common", "misc", "tools", "base", "stuff"]
)
def test_contract_no_file_is_a_drawer_for_leftovers(name: str) -> None:
    tests = [path for path in (REPO / "tests").rglob("*.py")]
    found = [
        path for path in [*FILES, *tests, *(REPO / "scripts").rglob("*.py")] if path.stem.strip("_") == name
    ]
    assert not found


@pytest.mark.parametrize("file", FILES, ids=ids)
def test_contract_every_file_begins_by_saying_what_it_is(file: Path) -> None:
    text = file.read_text()
    assert not text or ast.get_docstring(ast.parse(text))


@pytest.mark.parametrize("file", FILES, ids=ids)
def test_contract_implementations_are_found_by_their_place_alone(file: Path) -> None:
    """Nobody imports one by name, so that one more is one file more."""
    for name in imports_of(file):
        assert not is_implementation(name), name
