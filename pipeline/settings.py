"""Typed settings: a file, one of its profiles and `--set` on top of each other, checked before anything starts.

Each section is a dataclass that lies beside its worker (see pipeline/catalogue.py); a section or key that is
not given takes the default written there.
"""

import dataclasses
import difflib
import functools
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_type_hints

import yaml
from pydantic import TypeAdapter, ValidationError

from pipeline import settings_file
from pipeline.catalogue import CatalogueError, implementations, settings_types
from pipeline.settings_file import Problem, SettingsError, one_line

__all__ = ["Change", "Log", "Problem", "Settings", "SettingsError", "changes", "load", "write_back"]


@dataclass(frozen=True)
class Log:
    """The pipeline's own section `log`."""

    level: Annotated[Literal["debug", "info", "warning", "error"], "live"] = "info"


@dataclass(frozen=True)
class Settings:
    """What `load` found. `sinks` are names of sink implementations in the order of the file."""

    path: Path
    profile: str | None
    sinks: tuple[str, ...]
    sections: Mapping[str, Any]

    def section(self, name: str) -> Any:
        """The dataclass instance of a section, with defaults filled in. Raises KeyError for an unknown one."""
        return self.sections[name]

    def as_dict(self) -> dict[str, dict[str, Any]]:
        """Every section as data that JSON can carry: section -> key -> value."""
        return {
            name: TypeAdapter(type(section)).dump_python(section, mode="json", warnings=False)
            for name, section in self.sections.items()
        }


@dataclass(frozen=True)
class Change:
    """One value that differs; `live` if the running worker can take it. For the sinks: section "sinks", key ""."""

    section: str
    key: str
    old: object
    new: object
    live: bool


def load(
    path: str | Path, *, profile: str | None = None, overrides: Sequence[str] = (), package: str = "workers"
) -> Settings:
    """The settings in the file `path`, with `profile` on top and each override `section.key=value` on top of that.

    Raises SettingsError with everything that is wrong in the file, in the profiles and in the overrides.
    """
    path = Path(path)
    types = _types(package)
    ...
