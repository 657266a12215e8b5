"""The stand-ins have the signatures that were read in the real packages' wheels."""

import ast
import importlib
import inspect
from pathlib import Path
from typing import Any

import pytest

STAND_INS = Path(__file__).parents[1] / "stand_ins"
RECORDED = sorted((STAND_INS / "recorded").glob("*.pyi"))


def signature(function: ast.FunctionDef) -> list[tuple[str, str | None]]:
    """Name and default of each parameter, as recorded."""
    given = [*function.args.posonlyargs, *function.args.args]
    defaults = [None] * (len(given) - len(function.args.defaults)) + [
        repr(ast.literal_eval(value)) for value in function.args.defaults
    ]
    assert not function.args.kwonlyargs
    return [(parameter.arg, default) for parameter, default in zip(given, defaults, strict=True)]


def signature_of(thing: Any) -> list[tuple[str, str | None]]:
    """The same of what the stand-in has."""
    if isinstance(thing, property):
        thing = thing.fget
    if isinstance(thing, classmethod):
        thing = thing.__func__
    return [
        (name, None if parameter.default is inspect.Parameter.empty else repr(parameter.default))
        for name, parameter in inspect.signature(thing).parameters.items()
    ]


def compare(there: Any, recorded: ast.stmt, where: str) -> None:
    if isinstance(recorded, ast.ClassDef):
        for member in recorded.body:
            compare(getattr(there, recorded.name), member, f"{where}.{recorded.name}")
    elif isinstance(recorded, ast.FunctionDef):
        thing = inspect.getattr_static(there, recorded.name)
        assert signature_of(thing) == signature(recorded), f"{where}.{recorded.name}"


@pytest.mark.parametrize("record", RECORDED, ids=lambda record: record.stem)
def test_contract_a_stand_in_is_called_like_the_real_one(
    record: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(STAND_INS))
    module = importlib.import_module(record.stem)
    assert str(STAND_INS) in str(module.__file__), (
        "the real one is installed here: these tests are not for it"
    )
    for recorded in ast.parse(record.read_text()).body:
        compare(module, recorded, record.stem)
