"""Reads the YAML of a settings file: text to nodes that know their line.

Unquoted words mean what YAML 1.2 says, plus yes/no/on/off: `16:9`, `2026-01-01` and `<<` are text, `1e3` is
a number.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

from pipeline.stream_keys import without_keys

SIZE_LIMIT = 256 * 1024  # bytes; a settings file is a few KB, so anything larger is a wrong file

_TAG = "tag:yaml.org,2002:"
_WORDS = {
    "null": r"(?:~|null|Null|NULL|)\Z",
    "bool": r"(?i:true|false|yes|no|on|off)\Z",
    "int": r"[-+]?(?:0|[1-9][0-9_]*|0x[0-9a-fA-F]+)\Z",
    "float": r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z|[-+]?\.(?i:inf|nan)\Z",
}
_RESOLVERS = {None: [(_TAG + kind, re.compile(pattern)) for kind, pattern in _WORDS.items()]}


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong. `line` counts from 1, None where unknown; `key` is "" for the whole file."""

    file: str
    line: int | None
    key: str
    what: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return without_keys(one_line(": ".join(part for part in (place, self.key, self.what) if part)))


class SettingsError(Exception):
    """Settings that cannot be used; `problems` holds everything that was found wrong, in order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class _Reader(yaml.SafeLoader):
    yaml_implicit_resolvers = _RESOLVERS

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        what = None
        if isinstance(event, yaml.AliasEvent):
            # A few nested aliases stand for gigabytes, and changing one value would change others.
            what = f"*{event.anchor} refers to another place; write the value out"
        elif getattr(event, "tag", None):
            what = f"{event.tag.replace(_TAG, '!!')} is a tag; write the value without it"
        if what:
            raise yaml.MarkedYAMLError(problem=what, problem_mark=event.start_mark)
        return super().compose_node(parent, index)


class _Writer(yaml.SafeDumper):
    yaml_implicit_resolvers = _RESOLVERS


def one_line(text: str, limit: int | None = None) -> str:
    """`text` with everything that does not print as a blank, cut to `limit` characters."""
    text = "".join(character if character.isprintable() else " " for character in text)
    return text if limit is None or len(text) <= limit else text[: limit - 3] + "..."


def read_text(path: Path) -> str:
    """The file's text. Raises SettingsError for what cannot be read, is too large or is no UTF-8 text."""
    try:
        if path.exists() and not path.is_file():
            raise SettingsError([Problem(str(path), None, "", "is not a file")])
        with path.open("rb") as file:
            content = file.read(SIZE_LIMIT + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        what = f"cannot be read: {getattr(error, 'strerror', None) or error}"
        raise SettingsError([Problem(str(path), None, "", what)]) from error
    if len(content) > SIZE_LIMIT:
        what = f"is larger than {SIZE_LIMIT // 1024} KB, so it is no settings file"
        raise SettingsError([Problem(str(path), None, "", what)])
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SettingsError([Problem(str(path), line, "", "is not UTF-8 text")]) from error


def compose(text: str, file: str) -> yaml.Node | None:
    """The root node, None for a text with nothing in it. Raises SettingsError for what is not YAML."""
    line: int | None = None
    try:
        return yaml.compose(text, _Reader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        what = f"not valid YAML: {(error.problem or '').removeprefix('but ')}"
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        what = "not valid YAML: a control character"
    except RecursionError:
        what = "is nested too deeply"
    except (ValueError, OverflowError):
        what = "not valid YAML: a number in an escape or directive is too large"
    raise SettingsError([Problem(file, line, "", what)])


def is_empty(node: yaml.Node | None) -> bool:
    """True where nothing is written, or null for a whole section."""
    return node is None or (isinstance(node, yaml.ScalarNode) and node.tag == _TAG + "null")


def pairs(node: yaml.MappingNode) -> list[tuple[yaml.ScalarNode, yaml.Node]]:
    """The (key, value) nodes of a mapping. Raises ValueError for a key that is no plain name."""
    if any(not isinstance(key, yaml.ScalarNode) for key, _ in node.value):
        raise ValueError("a key must be a plain name")
    return list(node.value)


def value_of(node: yaml.Node | None, words_as_text: bool = False) -> object:
    """The node as plain data; with `words_as_text` unquoted yes, no, on, off, true, false and null are text.

    Raises ValueError that says what is wrong.
    """
    if node is None:
        return None
    if isinstance(node, yaml.SequenceNode):
        return [value_of(item, words_as_text) for item in node.value]
    if isinstance(node, yaml.MappingNode):
        items = {key.value: value_of(item, words_as_text) for key, item in pairs(node)}
        if len(items) < len(node.value):
            raise ValueError("a key is given twice")
        return items
    return _scalar(node.tag.removeprefix(_TAG), node.value, words_as_text)


def _scalar(kind: str, text: str, words_as_text: bool) -> object:
    if kind == "str" or (words_as_text and text and kind in ("null", "bool")):
        return text
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() in ("true", "yes", "on")
    try:
        number = int(text, 0) if kind == "int" else float(text)
        if abs(float(number)) == float("inf"):
            raise OverflowError
    except (ValueError, OverflowError) as error:
        raise ValueError("is not a number that can be used") from error
    return number


def written(value: object) -> str:
    """`value` as YAML on one line. Raises yaml.YAMLError for what is not plain data."""
    quote = '"' if isinstance(value, str) and not value.isprintable() else None
    flow = yaml.dump(
        [value],
        Dumper=_Writer,
        default_style=quote,
        default_flow_style=True,
        width=float("inf"),
        allow_unicode=True,
    )
    return flow.strip()[1:-1]
