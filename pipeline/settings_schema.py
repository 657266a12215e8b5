"""Every setting as data, for a control panel: what it may be, what it is by itself, and the line of
settings.yaml that explains it."""

from pathlib import Path
from typing import Any

import yaml

from pipeline import settings_file
from pipeline.catalogue import implementations
from pipeline.settings import schema_of
from pipeline.settings_check import Field, fields

DEFAULT_SINKS = ("auto",)
Entry = dict[str, Any]


def settings_schema(file: Path, package: str = "workers") -> list[Entry]:
    """The sections in the order of `file`, those that it does not name behind them. Raises SettingsError."""
    types = schema_of(package).types
    lines = explanations(file)
    order = [section for section, key in lines if not key and (section in types or section == "sinks")]
    names = list(dict.fromkeys([*order, "sinks", *types]))
    return [
        {
            "name": name,
            "explanation": lines.get((name, ""), "") if name != "sinks" else "",
            "keys": [_sinks(lines, package)] if name == "sinks" else _keys(name, types[name], lines, package),
        }
        for name in names
    ]


def explanations(file: Path) -> dict[tuple[str, str], str]:
    """(section, key) → the comment behind it, in the order of the file; for the section itself key is ""."""
    text = settings_file.read_text(file)
    root = settings_file.compose(text, str(file))
    lines = text.splitlines()
    found = {}
    for section, value in settings_file.pairs(root) if isinstance(root, yaml.MappingNode) else []:
        if section.value == "profiles":
            continue
        nested = isinstance(value, yaml.MappingNode)
        found[section.value, ""] = _comment(lines, section if nested else value)
        for key, content in settings_file.pairs(value) if isinstance(value, yaml.MappingNode) else []:
            found[section.value, key.value] = _comment(lines, content)
    return found


def _comment(lines: list[str], node: yaml.Node) -> str:
    """What stands behind this on its line."""
    end = node.end_mark
    rest = lines[end.line][end.column :] if end.line < len(lines) else ""
    return rest.partition("#")[2].strip()


def _keys(section: str, settings_type: type, lines: dict[tuple[str, str], str], package: str) -> list[Entry]:
    """In the order of the file, those that it does not name behind them."""
    known = fields(settings_type)
    named = [key for name, key in lines if name == section and key in known]
    defaults = settings_type()
    return [
        {
            "key": key,
            **_kind(known[key]),
            "choices": _choices(section, known[key], package),
            "default": known[key].adapter.dump_python(getattr(defaults, key), mode="json"),
            "live": "live" in known[key].marks,
            "explanation": lines.get((section, key), ""),
        }
        for key in dict.fromkeys([*named, *known])
    ]


def _sinks(lines: dict[tuple[str, str], str], package: str) -> Entry:
    return {
        "key": "",
        "type": "set",
        "choices": [*DEFAULT_SINKS, *implementations("sinks", package)],
        "default": list(DEFAULT_SINKS),
        "live": False,
        "explanation": lines.get(("sinks", ""), ""),
    }


def _kind(field: Field) -> Entry:
    """As pydantic says it, under the names that the settings' own annotations have."""
    schema = field.adapter.json_schema()
    kinds = [part["type"] for part in schema.get("anyOf", [schema])]
    limits = {"ge": "minimum", "le": "maximum", "multiple_of": "multipleOf"}
    return {
        "type": " or ".join("list" if kind == "array" else kind for kind in kinds),
        **{name: schema[theirs] for name, theirs in limits.items() if theirs in schema},
        **({"items": schema["items"]["type"]} if "items" in schema else {}),
    }


def _choices(section: str, field: Field, package: str) -> list[Any]:
    if "implementation" not in field.marks:
        return list(field.choices)
    auto = ["auto"] if "auto" in field.marks else []
    return [*auto, *implementations(section, package)]
