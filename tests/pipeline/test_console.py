"""What is written to a console or a file of another code page."""

import atexit
import ctypes
import io
import os
import sys
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from pipeline.console import UTF_8, write_anything
from tests.pipeline.running import command


def test_what_a_file_s_code_page_has_not_is_written_in_another_way() -> None:
    done = command("run", "--help", env=os.environ | {"PYTHONIOENCODING": "cp850"})
    assert (done.returncode, done.stderr) == (0, "")
    assert r"--set log.level=\u2026" in done.stdout


@pytest.mark.parametrize(("before", "told"), [(850, [UTF_8, 850]), (0, [])], ids=["cp850", "no console"])
def test_contract_windows_console_is_told_utf_8_and_given_back(
    monkeypatch: pytest.MonkeyPatch, before: int, told: list[int]
) -> None:
    pages: list[int] = []

    def set_page(page: int) -> int:
        pages.append(page)
        return 1

    at_the_end: list[tuple[Callable[[int], int], int]] = []
    kernel = SimpleNamespace(GetConsoleOutputCP=lambda: before, SetConsoleOutputCP=set_page)
    monkeypatch.setattr(ctypes, "WinDLL", lambda name: kernel, raising=False)
    monkeypatch.setattr(atexit, "register", lambda call, page: at_the_end.append((call, page)))
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), "cp850"))
    monkeypatch.setattr(sys, "stderr", None)
    write_anything()
    for call, page in at_the_end:
        call(page)
    assert pages == told
