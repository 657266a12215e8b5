"""What a run found: checks and tables, for a person and as JSON."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

Cell = str | int | float | None


class SoakError(Exception):
    """A run cannot go on; the message says what it waited for in vain."""


@dataclass(frozen=True)
class Check:
    claim: str
    measured: str
    passed: bool


@dataclass(frozen=True)
class Table:
    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[Cell]]

    def text(self) -> str:
        cells = [[_text(cell) for cell in row] for row in (self.heads, *self.rows)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = ["  ".join(_aligned(row, widths)).rstrip() for row in cells]
        return "\n".join([self.title, *(f"  {line}" for line in lines)])


@dataclass
class Result:
    """Of one run. `log` is the end of the launcher's log, where a check has failed."""

    name: str
    seconds: float = 0.0
    checks: list[Check] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    log: str = ""

    @property
    def passed(self) -> bool:
        return bool(self.checks) and all(check.passed for check in self.checks)

    def check(self, claim: str, passed: bool, measured: object) -> None:
        self.checks.append(Check(claim, str(measured), passed))

    def check_none(self, claim: str, found: Sequence[object]) -> None:
        """Passes when nothing was found; says the first few otherwise."""
        some = "; ".join(map(str, found[:4])) + "; …" * (len(found) > 4)
        self.check(claim, not found, f"{len(found)}: {some}" if found else "none")

    def text(self) -> str:
        verdict = "passed" if self.passed else "FAILED"
        lines = [f"{self.name}: {verdict} after {self.seconds:.0f} s"]
        lines += [table.text() for table in self.tables]
        lines += self.notes
        lines += [f"{'pass' if c.passed else 'FAIL'}  {c.claim}: {c.measured}" for c in self.checks]
        if self.log:
            lines.append(f"the end of the launcher's log:\n{self.log}")
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "passed": self.passed}


def _text(cell: Cell) -> str:
    if cell is None:
        return "-"
    return f"{cell:.2f}" if isinstance(cell, float) else str(cell)


def _aligned(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    """Names to the left, figures to the right."""
    first, *others = [*zip(row, widths, strict=True)]
    return [first[0].ljust(first[1]), *(text.rjust(width) for text, width in others)]
