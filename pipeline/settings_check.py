"""Checks the nodes of a settings file against the workers' dataclasses; says in plain words what is wrong."""

import dataclasses
import difflib
import functools
import json
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

import yaml
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from pipeline.catalogue import implementations
from pipeline.settings_file import Problem, is_empty, one_line, pairs, value_of

COLOUR = re.compile("#[0-9a-fA-F]{6}")
_WORDS = {
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "string_type": "must be text",
    "json_invalid": "is no value that can be used",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "dict_type": "must be a mapping of keys and values",
    "missing": "has too few values",
    "none_required": "must be null",
    "greater_than_equal": "must be at least {ge}",
    "greater_than": "must be more than {gt}",
    "less_than_equal": "must be at most {le}",
    "less_than": "must be less than {lt}",
    "multiple_of": "must be a multiple of {multiple_of}",
    "too_short": "must have at least {min_length} values",
    "too_long": "must have at most {max_length} values",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
}


class Schema(NamedTuple):
    """Section -> its dataclass, and the package that the workers are in."""

    types: Mapping[str, type]
    package: str


class Field(NamedTuple):
    """One key of a section: its check, the plain strings of its annotation ("live"), its Literal values."""

    adapter: TypeAdapter[Any]
    marks: frozenset[str]
    choices: tuple[object, ...]


class Place(NamedTuple):
    """Where a value is given; `line` as in Problem."""

    file: str
    line: int | None


@dataclasses.dataclass(frozen=True)
class Layer:
    """What one mapping of sections gives: (section, key) -> checked value, and its sinks if it names them.
    A value that is wrong has its place alone."""

    values: dict[tuple[str, str], object]
    sinks: tuple[str, ...] | None
    places: dict[tuple[str, str], Place] = dataclasses.field(compare=False)


class _Entry(NamedTuple):
    name: yaml.Node
    value: yaml.Node


@functools.cache
def fields(settings_type: type) -> dict[str, Field]:
    """The keys of a section. Raises TypeError, NameError or RuntimeError for senseless annotations."""
    annotations = get_type_hints(settings_type, include_extras=True)
    names = [field.name for field in dataclasses.fields(settings_type) if field.init]
    return {name: _field(annotations[name]) for name in names}


def _field(annotation: Any) -> Field:
    extras = get_args(annotation)[1:] if get_origin(annotation) is Annotated else ()
    marks = frozenset(extra for extra in extras if isinstance(extra, str))
    return Field(TypeAdapter(annotation), marks, tuple(_choices(annotation)))


def _choices(annotation: Any) -> list[object]:
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    return [choice for part in get_args(annotation) for choice in _choices(part)]


class Checker:
    """Turns nodes into layers; what is wrong is collected in `problems`, under the name `file`."""

    def __init__(self, file: str, schema: Schema) -> None:
        self.problems: list[Problem] = []
        self._file = file
        self._schema = schema

    def document(self, root: yaml.Node | None) -> tuple[Layer, dict[str, Layer]]:
        """The layer of a whole file and those of its profiles."""
        entries = self._entries(root, "")
        profiles = entries.pop("profiles", None)
        base = self._layer(entries, "")
        named = self._entries(profiles.value if profiles else None, "profiles")
        return base, {
            name: self._layer(self._entries(entry.value, f"profiles.{name}"), f"profiles.{name}.")
            for name, entry in named.items()
        }

    def single(self, section: str, key: str, value: yaml.Node) -> Layer:
        """The layer of one value; for the sinks `key` is ""."""
        if key:
            name = yaml.ScalarNode("", key, value.start_mark)
            value = yaml.MappingNode("", [(name, value)], value.start_mark)
        layer = self._layer({section: _Entry(value, value)}, "")
        return dataclasses.replace(layer, places=dict.fromkeys(layer.places, Place(self._file, None)))

    def _place(self, node: yaml.Node | None) -> Place:
        return Place(self._file, node.start_mark.line + 1 if node is not None and node.start_mark else None)

    def _report(self, node: yaml.Node | None, key: str, what: str) -> None:
        self.problems.append(Problem(*self._place(node), one_line(key, 80), what))

    def _entries(self, node: yaml.Node | None, key: str) -> dict[str, _Entry]:
        if node is None or is_empty(node):
            return {}
        if not isinstance(node, yaml.MappingNode):
            self._report(node, key, f"must be a mapping of names and values{_got(node)}")
            return {}
        entries: dict[str, _Entry] = {}
        for name, value in node.value:
            if not isinstance(name, yaml.ScalarNode):
                self._report(name, key, "a key must be a plain name")
            elif name.value in entries:
                first = entries[name.value].name.start_mark.line + 1
                where = f"{key}.{name.value}" if key else name.value
                self._report(name, where, f"is given twice (first in line {first})")
            else:
                entries[name.value] = _Entry(name, value)
        return entries

    def _layer(self, entries: Mapping[str, _Entry], prefix: str) -> Layer:
        sinks = None
        layer = Layer({}, None, {})
        for name, entry in entries.items():
            if name == "sinks":
                sinks = self._sinks(entry.value, f"{prefix}sinks")
            elif name in self._schema.types:
                self._section(name, entry.value, f"{prefix}{name}", layer)
            else:
                known = [*self._schema.types, "sinks", *([] if prefix else ["profiles"])]
                self._report(entry.name, f"{prefix}{name}", f"unknown section ({hint(name, known)})")
        return dataclasses.replace(layer, sinks=sinks)

    def _section(self, section: str, node: yaml.Node, where: str, layer: Layer) -> None:
        """Puts what it gives into `layer`."""
        known = fields(self._schema.types[section])
        for key, entry in self._entries(node, where).items():
            if key not in known:
                self._report(entry.name, f"{where}.{key}", f"unknown key ({hint(key, known)})")
                continue
            value, wrong = _checked(known[key], entry.value)
            if not wrong and "implementation" in known[key].marks and isinstance(value, str):
                installed = implementations(section, self._schema.package)
                if "auto" in known[key].marks:
                    installed |= {"auto": ""}
                if value not in installed:
                    wrong = [(entry.value, _one_of(installed) + _got(entry.value, installed))]
            for place, what in wrong:
                self._report(place, f"{where}.{key}", what)
            layer.places[section, key] = self._place(entry.value)
            if not wrong:
                layer.values[section, key] = value

    def _sinks(self, node: yaml.Node, where: str) -> tuple[str, ...]:
        if isinstance(node, yaml.ScalarNode) and not node.value:
            return ()
        if not isinstance(node, yaml.SequenceNode):
            self._report(node, where, f"must be a list of names like [web]{_got(node)}")
            return ()
        installed = implementations("sinks", self._schema.package)
        if installed:
            installed |= {"auto": ""}
        found: dict[str, None] = {}
        for item in node.value:
            # The text and not the value: to YAML an unquoted null is no name.
            name = item.value if isinstance(item, yaml.ScalarNode) else ""
            if name not in installed:
                self._report(item, where, _one_of(installed) + _got(item, installed))
            elif name in found:
                self._report(item, where, f"lists {name} twice")
            found[name] = None
        return tuple(found)


def hint(word: str, names: Collection[str]) -> str:
    """ "did you mean fps", or the first few names where none is near."""
    near = _nearest(word, names)
    return f"did you mean {near}" if near else f"known: {_few(names)}"


def _nearest(word: str, names: Collection[str]) -> str | None:
    return next(iter(difflib.get_close_matches(word[:80].lower(), names, n=1)), None)


def _few(names: Collection[object], limit: int = 8) -> str:
    shown = ", ".join(str(name) for name in list(names)[:limit])
    return (shown or "none") + (", ..." if len(names) > limit else "")


def _one_of(names: Collection[object]) -> str:
    return f"must be one of {_few(names)}" if names else "must be a name, and there is none to choose from"


def _got(node: yaml.Node, names: Collection[object] = ()) -> str:
    """ " (got 600)", with the nearest of `names`, if any."""
    if isinstance(node, yaml.CollectionNode):
        return f" (got {'a list' if isinstance(node, yaml.SequenceNode) else 'a mapping'})"
    quote = '"' if getattr(node, "style", None) in ("'", '"') else ""
    shown = quote + one_line(node.value, 40) + quote or "nothing"
    near = _nearest(node.value, [str(name) for name in names])
    return f" (got {shown}; did you mean {near})" if near else f" (got {shown})"


def _checked(field: Field, node: yaml.Node) -> tuple[object, list[tuple[yaml.Node, str]]]:
    """The value and what is wrong with it; `source: null` and `mode: on` are words where text is wanted."""
    try:
        value, wrong = _validated(field, value_of(node), node)
        if wrong:
            value, wrong_as_text = _validated(field, value_of(node, words_as_text=True), node)
            wrong = min(wrong, wrong_as_text, key=len)
    except ValueError as error:
        return None, [(node, f"{error}{_got(node)}")]
    return value, wrong


def at_home(path: str) -> str:
    """With the folder that `~` stands for, as nobody but a shell writes it out. Raises ValueError."""
    try:
        return str(Path(path).expanduser()) if path.startswith("~") else path
    except RuntimeError as error:
        raise ValueError("begins with ~ and the name of nobody who has a home here") from error


def _validated(field: Field, data: object, node: yaml.Node) -> tuple[object, list[tuple[yaml.Node, str]]]:
    try:
        # The JSON rules of pydantic: a list may become a tuple and 3 a float, nothing else is converted.
        value = field.adapter.validate_json(json.dumps(data), strict=True)
        if "path" in field.marks and isinstance(value, str):
            value = at_home(value)
        if "colour" in field.marks and not COLOUR.fullmatch(str(value)):
            return None, [(node, "is no colour; write it like #00b140" + _got(node))]
    except ValidationError as error:
        return None, _explained(field, error, node)
    except TypeError as error:  # a limit that does not fit the type, Ge on a str, shows up only here
        return None, [(node, f"cannot be checked, its worker's Settings make no sense: {error}")]
    if isinstance(data, bool) and not isinstance(value, bool):  # true is 1 for Literal[1]
        return None, [(node, _one_of(field.choices) + _got(node))]
    return value, []


def _explained(field: Field, error: ValidationError, node: yaml.Node) -> list[tuple[yaml.Node, str]]:
    details = error.errors(include_url=False)
    whats = [_in_words(detail, field) for detail in details]
    places = [_place(node, detail) for detail in details]
    if None in places:  # one detail for each type of a union: int | Literal["auto"]
        whats = [whats[0], *(what.removeprefix("must be ") for what in whats[1:])]
        return [(node, " or ".join(dict.fromkeys(whats)) + _got(node, field.choices))]
    found = [
        (place, what + _got(place, field.choices)) for place, what in zip(places, whats, strict=True) if place
    ]
    return list(dict.fromkeys(found))


def _in_words(detail: ErrorDetails, field: Field) -> str:
    if detail["type"] == "literal_error":
        return _one_of(field.choices)
    limits = {name: str(limit).removesuffix(".0") for name, limit in detail.get("ctx", {}).items()}
    return _WORDS.get(detail["type"], "{msg}").format(msg=detail["msg"], **limits)


def _place(node: yaml.Node, detail: ErrorDetails) -> yaml.Node | None:
    """The node inside `node` that a complaint is about; None where its path names types instead of items."""
    for step in detail["loc"][:-1] if detail["type"] == "missing" else detail["loc"]:
        items: list[yaml.Node] = []
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            items = node.value[step : step + 1]
        elif isinstance(node, yaml.MappingNode):
            items = [value for name, value in pairs(node) if name.value == step]
        if not items:
            return None
        node = items[0]
    return node
