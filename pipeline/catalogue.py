"""Finds worker implementations: one is one file `<package>/<room>/<name>.py`, registered nowhere else.

Files whose names begin with an underscore, and those that a room names in `PARTS`, are what its
implementations share.

A file or a room may define a class `Settings`, a frozen dataclass whose fields all have defaults. It is the
settings section named like the file or the room.
"""

import ast
import dataclasses
import importlib
import importlib.util
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType


class CatalogueError(Exception):
    """A worker file that cannot be used: `file` is its path, `what` says why in plain words."""

    def __init__(self, file: str, what: str) -> None:
        super().__init__(f"{file}: {what}")
        self.file = file
        self.what = what


def rooms(package: str = "workers") -> tuple[str, ...]:
    """Names of the rooms, sorted. Raises CatalogueError where there is no such package."""
    return tuple(sorted(_room_folders(package)))


def implementations(room: str, package: str = "workers") -> dict[str, str]:
    """Implementation name -> module path ("scene" -> "workers.capture.scene"), sorted; imports none of them.

    A room that does not exist has no implementations. Raises CatalogueError where there is no such package.
    """
    return {name: f"{package}.{room}.{name}" for name in _implementation_files(room, package)}


def settings_types(package: str = "workers") -> dict[str, type]:
    """Settings section -> its dataclass, for every room and implementation that has one; imports them all.

    Raises CatalogueError for a file that cannot be imported, a `Settings` that is not a frozen dataclass with
    defaults, and a section that two files define.
    """
    found: dict[str, type] = {}
    owners: dict[str, Path] = {}
    for section, module_name, file in _modules(package):
        settings = _settings_of(_imported(module_name, file), file)
        if settings is None:
            continue
        if section in found:
            raise CatalogueError(str(file), f"the section {section} is already defined by {owners[section]}")
        found[section] = settings
        owners[section] = file
    return found


def _package_folders(package: str) -> list[Path]:
    # A plug-in may have been dropped in a moment ago, and Python remembers folder listings.
    importlib.invalidate_caches()
    try:
        spec = importlib.util.find_spec(package)
    except ModuleNotFoundError:
        spec = None
    if spec is None or spec.submodule_search_locations is None:
        raise CatalogueError(package, "there is no package of this name")
    return [Path(folder) for folder in spec.submodule_search_locations]


def _room_folders(package: str) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for folder in _package_folders(package):
        for room in folder.iterdir():
            if _is_name(room.name) and any(room.glob("*.py")):
                found.setdefault(room.name, []).append(room)
    return found


def _implementation_files(room: str, package: str) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for folder in _room_folders(package).get(room, []):
        parts = _parts(folder)
        for file in sorted(folder.glob("*.py")):
            if _is_name(file.stem) and file.stem not in parts:
                found.setdefault(file.stem, file)
    return dict(sorted(found.items()))


def _parts(folder: Path) -> tuple[str, ...]:
    """`PARTS` of a room. Read, not imported: listing must not run anybody's code."""
    file = folder / "__init__.py"
    try:
        body = ast.parse(file.read_bytes()).body if file.exists() else []
    except SyntaxError:  # whoever imports it is told
        return ()
    for line in body:
        if isinstance(line, ast.Assign) and [ast.unparse(target) for target in line.targets] == ["PARTS"]:
            return tuple(ast.literal_eval(line.value))
    return ()


def _is_name(name: str) -> bool:
    return name.isidentifier() and not name.startswith("_")


def _modules(package: str) -> Iterator[tuple[str, str, Path]]:
    """(section, module path, file) of every room and implementation."""
    for room, folders in sorted(_room_folders(package).items()):
        for folder in folders:
            if (folder / "__init__.py").exists():
                yield room, f"{package}.{room}", folder / "__init__.py"
        for name, file in _implementation_files(room, package).items():
            yield name, f"{package}.{room}.{name}", file


def _imported(module_name: str, file: Path) -> ModuleType:
    try:
        return importlib.import_module(module_name)
    # A plug-in's own code runs here, so anything can be raised; it goes on with the name of the file.
    except (Exception, SystemExit) as cause:
        raise CatalogueError(str(file), f"cannot be imported: {type(cause).__name__}: {cause}") from cause


def _settings_of(module: ModuleType, file: Path) -> type | None:
    settings = getattr(module, "Settings", None)
    # An implementation may import its room's Settings; that does not make them its own.
    if not inspect.isclass(settings) or settings.__module__ != module.__name__:
        return None
    if not dataclasses.is_dataclass(settings) or not settings.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        raise CatalogueError(str(file), "its Settings must be a dataclass(frozen=True)")
    for field in dataclasses.fields(settings):
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise CatalogueError(str(file), f"Settings.{field.name} needs a default")
    return settings
