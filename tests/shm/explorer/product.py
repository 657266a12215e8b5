"""Loads the ring code that is shipped, as it is or with one thing changed in its source.

Sources are normalised first (`ast.unparse`: no comments, one quoting), so that a mutation names code, not
layout. A change whose text is not found exactly once is an error: then the code has moved on and the
mutation has to follow.
"""

import ast
import itertools
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

SHM = Path(__file__).parents[3] / "shm"
MODULES = ("writer", "reader", "stats", "ring")


@dataclass(frozen=True)
class Change:
    """In shm/<module>.py, `old` becomes `new`."""

    module: str
    old: str
    new: str


@dataclass(frozen=True)
class Product:
    """The classes of one version of the code, and where its fences and bells are plugged in."""

    ring: ModuleType
    stats: ModuleType
    modules: tuple[ModuleType, ...]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.ring, name)

    def plug(self, fence: Callable[[], None]) -> None:
        """Give it the simulated fence and a clock that counts."""
        ring: Any = self.ring
        ring.make_fence = lambda: fence
        clock = SimpleNamespace(perf_counter_ns=itertools.count(1_000_000, 1_000_000).__next__)
        for module in self.modules:
            module.time = clock  # type: ignore[attr-defined]


@cache
def normalised(module: str, folder: Path) -> str:
    return ast.unparse(ast.parse((folder / f"{module}.py").read_text()))


def load(changes: Iterable[Change] = (), folder: Path = SHM) -> Product:
    """Fresh modules, beside those that the process has imported."""
    sources = {module: normalised(module, folder) for module in MODULES}
    for change in changes:
        found = sources[change.module].count(change.old)
        if found != 1:
            raise ValueError(f"shm/{change.module}.py has this {found} times, not once:\n{change.old}")
        sources[change.module] = sources[change.module].replace(change.old, change.new)
    imported = {f"shm.{module}": sys.modules.get(f"shm.{module}") for module in MODULES}
    try:
        fresh = [_execute(module, source) for module, source in sources.items()]
    finally:
        for name, original in imported.items():
            sys.modules.pop(name, None)
            if original is not None:
                sys.modules[name] = original
    return Product(fresh[-1], fresh[-2], tuple(fresh[:2]))


def _execute(module: str, source: str) -> ModuleType:
    """As an import would, with the fresh modules before it in place of the imported ones."""
    name = f"shm.{module}"
    fresh = ModuleType(name)
    sys.modules[name] = fresh
    exec(compile(source, f"<mutated {name}>", "exec"), vars(fresh))
    return fresh
