"""Typed settings: a file, one of its profiles and `--set` on top of each other, all checked at once.

Each section is a dataclass beside its worker (pipeline/catalogue.py finds them); what is not given takes the
default written there.
"""

import json
import re
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import yaml
from ruamel.yaml.error import YAMLError

from pipeline import settings_file, settings_write
from pipeline.catalogue import CatalogueError, settings_types
from pipeline.keys import HotKey, Keys
from pipeline.priority import Processes
from pipeline.programs import split
from pipeline.settings_check import Checker, Layer, Place, Schema, at_home, fields, hint
from pipeline.settings_file import Problem, SettingsError, one_line

__all__ = [
    "Change",
    "Log",
    "Problem",
    "Settings",
    "SettingsError",
    "changes",
    "live_value",
    "load",
    "write_back",
]


@dataclass(frozen=True)
class Job:
    """The pipeline's own section `job`: which of its lines (pipeline/graph.py) runs."""

    kind: Literal["3d", "background", "pose", "voice"] = "3d"


@dataclass(frozen=True)
class Log:
    """The pipeline's own section `log`."""

    level: Annotated[Literal["debug", "info", "warning", "error"], "live"] = "info"


@dataclass(frozen=True)
class Programs:
    """The pipeline's own section `programs`: `text: profile`, for the window whose title has that text."""

    titles: Annotated[tuple[str, ...], "live"] = ()


OWN_SECTIONS: Mapping[str, type] = {
    "job": Job,
    "log": Log,
    "keys": Keys,
    "processes": Processes,
    "programs": Programs,
}
"""Those of the launcher itself."""


@dataclass(frozen=True)
class Settings:
    """What `load` found; `sinks` are names of sink implementations in the order given, `profiles` those that
    the file has."""

    path: Path
    profile: str | None
    sinks: tuple[str, ...]
    sections: Mapping[str, Any]
    profiles: tuple[str, ...] = ()

    def section(self, name: str) -> Any:
        """The dataclass instance of a section. Raises KeyError for a section that no worker defines."""
        return self.sections[name]

    def as_dict(self) -> dict[str, dict[str, Any]]:
        """Section -> key -> value, as data that JSON can carry."""
        return {name: _as_data(section) for name, section in self.sections.items()}


@dataclass(frozen=True)
class Change:
    """A value that differs; `live` if a running worker can take it. The sinks are section "sinks", key ""."""

    section: str
    key: str
    old: object
    new: object
    live: bool


class _Document(NamedTuple):
    root: yaml.Node | None
    base: Layer
    profiles: dict[str, Layer]


def load(
    path: str | Path,
    *,
    profile: str | None = None,
    overrides: Sequence[str] = (),
    package: str = "workers",
) -> Settings:
    """The settings in `path`, with `profile` on top and each override `section.key=value` on top of that.

    Raises SettingsError with all that is wrong in the file, its profiles and the overrides, or in a worker's
    Settings.
    """
    path = Path(path)
    schema = schema_of(package)
    problems: list[Problem] = []
    document = None
    try:
        document, problems = _read(settings_file.read_text(path), str(path), schema, profile)
    except SettingsError as error:  # nothing of it can be read
        problems += error.problems
    layers = [document.base] if document else []
    if document and profile is not None and profile in document.profiles:
        layers.append(document.profiles[profile])
    for override in overrides:
        try:
            layers.append(_override(override, schema))
        except SettingsError as error:
            problems += error.problems
    if document is None:
        raise SettingsError(problems)
    stacked = _stacked(layers)
    sections, more = _sections(stacked, schema, path)
    problems += [*more, *_problems_between(sections, stacked.places, document.profiles, path)]
    if problems:
        raise SettingsError(sorted(problems, key=lambda problem: problem.line or sys.maxsize))
    return Settings(path, profile, stacked.sinks or (), sections, tuple(document.profiles))


def changed(
    settings: Settings, changes: Mapping[tuple[str, str], object], package: str = "workers"
) -> Settings:
    """`settings` with these values on top, as data that JSON can carry; the sinks are ("sinks", "").

    Raises SettingsError, in the same words as for the file.
    """
    schema, path = schema_of(package), settings.path
    wanted = _stacked([_wanted(str(path), *place, value, schema) for place, value in changes.items()])
    sections = dict(settings.sections)
    for section in {section for section, _ in wanted.values}:
        given = {key: value for (name, key), value in wanted.values.items() if name == section}
        try:
            sections[section] = replace(sections[section], **given)
        except ValueError as error:
            raise _error(str(path), section, str(error)) from error
    if problems := _problems_between(sections, wanted.places, settings.profiles, path):
        raise SettingsError(problems)
    sinks = settings.sinks if wanted.sinks is None else wanted.sinks
    return replace(settings, sinks=sinks, sections=sections)


def changes(old: Settings, new: Settings) -> list[Change]:
    """What differs in `new`, in the order of its sections. A section new to `old` had its defaults."""
    found = []
    for name, section in new.sections.items():
        settings_type: type = type(section)
        before = old.sections.get(name, settings_type())
        for key, field in fields(settings_type).items():
            was, now = getattr(before, key), getattr(section, key)
            if was != now:
                found.append(Change(name, key, was, now, "live" in field.marks))
    if old.sinks != new.sinks:
        found.append(Change("sinks", "", old.sinks, new.sinks, live=False))
    return found


def live_value(section: Any, key: str, value: object) -> object:
    """A value from elsewhere, as data that JSON can carry, for a live key of a section (the dataclass
    instance). Raises ValueError when there is no such key, it is not live or cannot have that value."""
    settings_type: type = type(section)
    field = fields(settings_type).get(key) if is_dataclass(section) else None
    if field is None or "live" not in field.marks:
        raise ValueError(f"{key} cannot be changed while running")
    found = field.adapter.validate_json(json.dumps(value), strict=True)
    return at_home(found) if "path" in field.marks and isinstance(found, str) else found


def write_back(path: str | Path, section: str, key: str, value: object, *, package: str = "workers") -> None:
    """Sets one value in the file, below all profiles; comments, order and quotes stay.

    For the sinks `section` is "sinks" and `key` "". Raises SettingsError, with the file untouched, for a
    value that is not allowed and for a file that has other problems or cannot be written.
    """
    path, schema = Path(path), schema_of(package)
    text = settings_file.read_text(path)
    document = _document(text, str(path), schema)
    wanted = _wanted(str(path), section, key, value, schema)
    expected = _stacked([document.base, wanted])
    if problems := _sections(expected, schema, path)[1]:
        raise SettingsError(problems)
    if expected == document.base:
        return
    if section == "sinks":  # The sink named null is written without quotes, as people write it.
        value = [None if name == "null" else name for name in wanted.sinks or ()]
    keys = [section, key] if key else [section]
    try:
        edited = settings_write.edited(text, keys, value)
    except YAMLError as error:  # ruamel.yaml is stricter here and there
        what = f"cannot be changed in this file: {one_line(str(error))}"
        raise _error(str(path), name_of(section, key), what) from error
    if not _says(edited, expected, document, schema):
        raise _error(str(path), name_of(section, key), "cannot be changed without disturbing other values")
    if lost := settings_write.lost_comments(text, edited, keys, value):
        what = f"cannot be changed without losing {one_line(', '.join(lost))}; change it in the file"
        raise _error(str(path), name_of(section, key), what)
    try:
        settings_write.replace_file(path, edited)
    except OSError as error:
        raise _error(str(path), "", f"cannot be written: {error.strerror}") from error


def _says(text: str, base: Layer, document: _Document, schema: Schema) -> bool:
    """These settings and the profiles of `document`. ruamel.yaml writes some texts that are no YAML."""
    try:
        result = _document(text, "", schema)
    except SettingsError:
        return False
    return (result.base, result.profiles) == (base, document.profiles)


def _as_data(section: Any) -> dict[str, Any]:
    settings_type: type = type(section)
    return {
        key: field.adapter.dump_python(getattr(section, key), mode="json", warnings=False)
        for key, field in fields(settings_type).items()
    }


def schema_of(package: str) -> Schema:
    try:
        found = settings_types(package)
    except CatalogueError as error:
        raise _error(error.file, "", error.what) from error
    for section, settings_type in found.items():
        file = sys.modules[settings_type.__module__].__file__ or settings_type.__module__
        if section in (*OWN_SECTIONS, "sinks", "profiles"):
            raise _error(file, "", f"may have no Settings: the section {section} is the pipeline's own")
        try:
            fields(settings_type)
        except (TypeError, NameError, RuntimeError) as error:
            raise _error(file, section, f"its Settings make no sense: {error}") from error
    return Schema({**OWN_SECTIONS, **found}, package)


def _document(text: str, file: str, schema: Schema) -> _Document:
    document, problems = _read(text, file, schema)
    if problems:
        raise SettingsError(problems)
    return document


def _read(
    text: str, file: str, schema: Schema, profile: str | None = None
) -> tuple[_Document, list[Problem]]:
    """With what is wrong in it. Raises SettingsError for what is not YAML."""
    root = settings_file.compose(text, file)
    checker = Checker(file, schema)
    document = _Document(root, *checker.document(root))
    problems = sorted(checker.problems, key=lambda problem: problem.line or 0)
    if profile is not None and profile not in document.profiles:
        what = f"unknown profile ({hint(profile, document.profiles)})"
        problems.append(Problem(file, None, f"profiles.{profile}", what))
    return document, problems


def _override(override: str, schema: Schema) -> Layer:
    file = f"--set {override}"
    name, equals, text = override.partition("=")
    section, _, key = name.strip().partition(".")
    if not equals or not section or (section != "sinks") != bool(key):
        raise _error(file, "", "must look like section.key=value or sinks=name,name")
    if section == "sinks" and not text.strip().startswith("["):
        text = f"[{text}]"
    return _single(file, section, key, text, schema)


def _wanted(file: str, section: str, key: str, value: object, schema: Schema) -> Layer:
    try:
        text = settings_file.written(value)
    except yaml.YAMLError as error:
        raise _error(file, name_of(section, key), f"{one_line(repr(value), 40)} is no plain value") from error
    return _single(file, section, key, text, schema)


def _single(file: str, section: str, key: str, text: str, schema: Schema) -> Layer:
    if section == "profiles":
        raise _error(file, section, "can only be changed in the file")
    checker = Checker(file, schema)
    try:
        node = settings_file.compose(text, file) or yaml.ScalarNode("tag:yaml.org,2002:null", "")
        layer = checker.single(section, key, node)
        problems = checker.problems
    except SettingsError as error:
        problems = [replace(problem, key=name_of(section, key)) for problem in error.problems]
    if problems:
        raise SettingsError(replace(problem, line=None) for problem in problems)
    return layer


def _stacked(layers: Sequence[Layer]) -> Layer:
    """A wrong value hides the one below it."""
    stacked = Layer({}, None, {})
    for layer in layers:
        for at in layer.places:
            stacked.values.pop(at, None)
        stacked.values.update(layer.values)
        stacked.places.update(layer.places)
        stacked = stacked if layer.sinks is None else replace(stacked, sinks=layer.sinks)
    return stacked


def _sections(layer: Layer, schema: Schema, path: Path) -> tuple[dict[str, Any], list[Problem]]:
    """And what is wrong with values that do not go together."""
    sections, problems = {}, []
    for name, settings_type in schema.types.items():
        given = {key: value for (section, key), value in layer.values.items() if section == name}
        try:
            sections[name] = settings_type(**given)
        except ValueError as error:  # what a __post_init__ says about values that do not go together
            named = [(name, key) for key in re.findall(r"\w+", str(error)) if (name, key) in layer.places]
            if layer.values.keys() >= set(named):  # else it is about the default for a wrong one
                there = [layer.places[at] for at in named]
                place = max(there, key=lambda at: at.line or sys.maxsize, default=Place(str(path), None))
                problems.append(Problem(*place, name, str(error)))
    return sections, problems


def _problems_between(
    sections: Mapping[str, Any],
    places: Mapping[tuple[str, str], Place],
    profiles: Collection[str],
    path: Path,
) -> list[Problem]:
    """What a section alone, or one of its values, cannot know."""
    nowhere = Place(str(path), None)
    place = places.get(("programs", "titles"), nowhere)
    wrong = _wrong_titles(sections["programs"], profiles)
    found = [Problem(*place, "programs.titles", what) for what in wrong]
    for key, other, what in _wrong_keys(sections["keys"]):
        place = places.get(("keys", key)) or places.get(("keys", other), nowhere)
        found.append(Problem(*place, f"keys.{key}", what))
    return found


def _wrong_titles(programs: Programs, profiles: Collection[str]) -> Iterator[str]:
    for entry in programs.titles:
        try:
            _, profile = split(entry)
        except ValueError as error:
            yield str(error)
            continue
        if profile not in profiles:
            yield f"unknown profile {profile!r} ({hint(profile, profiles)})"


def _wrong_keys(keys: Keys) -> Iterator[tuple[str, str, str]]:
    """(key, the other one that it is about, what is wrong): the first may be a default."""
    taken = dict[HotKey, str]()
    for key, text in asdict(keys).items():
        try:
            hot_key = HotKey.of(text) if text else None
        except ValueError as error:
            yield key, key, str(error)
            continue
        if hot_key in taken:
            yield key, taken[hot_key], f"{hot_key} is keys.{taken[hot_key]} already; one key does one thing"
        elif hot_key is not None:
            taken[hot_key] = key


def name_of(section: str, key: str) -> str:
    return f"{section}.{key}" if key else section


def _error(file: str, key: str, what: str) -> SettingsError:
    return SettingsError([Problem(file, None, key, what)])
