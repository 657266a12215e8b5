"""Writes one value into a settings file: ruamel.yaml keeps comments, order and quotes."""

import io
import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq


def edited(text: str, keys: Sequence[str], value: object) -> str:
    """`text` with the value at `keys` replaced or added. Comments, order and quotes stay; the spaces of
    an unevenly indented file may change. Raises ruamel.yaml's YAMLError."""
    newline = "\r\n" if "\r\n" in text else "\n"
    text = text.replace("\r\n", "\n")
    ruamel = _ruamel(text)
    root = ruamel.load(text)
    only_comments = "" if root is not None else text
    root = parent = CommentedMap() if root is None else root
    for key in keys[:-1]:
        if parent.get(key) is None:
            parent[key] = CommentedMap()
        parent = parent[key]
    old = parent.get(keys[-1])
    if isinstance(old, CommentedSeq) and isinstance(value, list | tuple):
        _refill(old, value)
    else:
        parent[keys[-1]] = _like(old, value)
    stream = io.StringIO(only_comments)
    stream.seek(0, io.SEEK_END)
    ruamel.dump(root, stream)
    return stream.getvalue().replace("\n", newline)


def lost_comments(before: str, after: str, keys: Sequence[str], value: object) -> list[str]:
    """The comments of one text that another lacks, but for those on the lines of the items of a list that go
    as `value` comes to `keys`. Both have to be YAML."""
    going = _lines_that_go(before, keys, value)
    missing = Counter(comment for line, comment in _comments(before) if line not in going)
    missing.subtract(comment for _, comment in _comments(after))
    return [comment for comment, times in missing.items() if times > 0]


def _comments(text: str) -> Iterator[tuple[int, str]]:
    """With the numbers of their lines: all but spaces and ends of lines that lies between two tokens."""
    end = 0
    for token in yaml.scan(text):
        for found in re.finditer("#.*", text[end : token.start_mark.index]):
            yield text.count("\n", 0, end + found.start()), found[0].strip()
        end = max(end, token.end_mark.index)


def _lines_that_go(text: str, keys: Sequence[str], value: object) -> set[int]:
    node = yaml.compose(text, yaml.SafeLoader)
    for key in keys:
        values = node.value if isinstance(node, yaml.MappingNode) else []
        node = next((child for name, child in values if name.value == key), None)
    if not isinstance(node, yaml.SequenceNode) or not isinstance(value, list | tuple):
        return set()
    lines = [item.start_mark.line for item in node.value]
    return set(lines[len(value) :]) - set(lines[: len(value)])


def _refill(old: CommentedSeq, values: Sequence[object]) -> None:
    """Item by item, so that the list's style and the comments in it stay."""
    for place, value in enumerate(values[: len(old)]):
        old[place] = value
    old.extend(values[len(old) :])
    del old[len(values) :]


def _like(old: object, value: object) -> object:
    """A text in the quotes of the one that it replaces."""
    return type(old)(value) if isinstance(old, str) and isinstance(value, str) else value


def _ruamel(text: str) -> YAML:
    ruamel = YAML()
    ruamel.preserve_quotes = True
    ruamel.width = 1 << 20  # never fold a line
    step = re.search(r"^( +)[^\s#-]", text, re.MULTILINE)
    dash = re.search(r"^( +)- ", text, re.MULTILINE)
    mapping, offset = len(step[1]) if step else 2, len(dash[1]) if dash else 0
    offset = min(offset, mapping)  # a dash further in belongs to a list further in
    ruamel.indent(mapping=mapping, sequence=offset + 2, offset=offset)
    ruamel.representer.add_representer(type(None), _represent_null)
    return ruamel


def _represent_null(representer: Any, value: None) -> Any:
    """`null`, which is the name of a sink, and not an empty place."""
    return representer.represent_scalar("tag:yaml.org,2002:null", "null")


def replace_file(path: Path, text: str) -> None:
    """Writes `text` to `path`; a reader sees the old file or the new one, never a part; the mode stays.

    Raises OSError with the old file untouched.
    """
    path = path.resolve()
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        shutil.copymode(path, temporary)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
