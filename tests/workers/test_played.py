"""Which device records what a speaker plays, where the system is not Linux."""

import ast
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from workers.sound._recorder import _played

SPEAKERS = [SimpleNamespace(id=one, name="LG (NVIDIA High Definition Audio)") for one in ("{1}", "{2}")]


def windows_way() -> Callable[[str, list[Any]], Any]:
    """How SoundCard finds a device on Windows: its own function, without the rest that needs Windows."""
    found = importlib.util.find_spec("soundcard")
    assert found is not None
    assert found.origin is not None
    tree = ast.parse((Path(found.origin).parent / "mediafoundation.py").read_text())
    wanted = [one for one in tree.body if isinstance(one, ast.FunctionDef) and one.name == "_match_device"]
    space: dict[str, Any] = {}
    exec(compile(ast.Module(wanted, []), found.origin, "exec"), space)
    way: Callable[[str, list[Any]], Any] = space["_match_device"]
    return way


@pytest.mark.parametrize("usual", SPEAKERS, ids=lambda speaker: speaker.id)
def test_contract_of_two_speakers_with_one_name_windows_usual_one_is_heard(
    usual: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    match = windows_way()
    package = SimpleNamespace(
        default_speaker=lambda: usual, get_microphone=lambda id, include_loopback: match(id, SPEAKERS)
    )
    monkeypatch.setattr(sys, "platform", "win32")
    assert _played(package, "").id == usual.id
