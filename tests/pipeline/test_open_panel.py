"""The user's browser outlives the launcher on Windows too, where all that it starts dies with it."""

import ctypes
import runpy
import subprocess
import sys
import webbrowser
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline import open_panel
from tests.pipeline.running import REPO

ADDRESS = "http://127.0.0.1:8000/panel?token=a-b_c"
BREAKAWAY_OK, KILL_ON_JOB_CLOSE = 0x800, 0x2000  # JOB_OBJECT_LIMIT_…
BREAKAWAY_FROM_JOB = 0x01000000  # CREATE_…


def test_contract_the_launcher_s_job_dies_with_it_and_lets_go_who_asks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[int] = []

    def set_information(job: object, kind: int, limits: Any, size: int) -> int:
        told.append(limits._obj.BasicLimitInformation.LimitFlags)
        return 1

    kernel = SimpleNamespace(
        CreateJobObjectW=lambda security, name: 7,
        GetCurrentProcess=lambda: -1,
        SetInformationJobObject=set_information,
        AssignProcessToJobObject=lambda job, process: 1,
    )
    monkeypatch.setattr(ctypes, "WinDLL", lambda name, use_last_error: kernel, raising=False)
    monkeypatch.setattr(sys, "platform", "win32")
    runpy.run_path(str(REPO / "pipeline" / "leash.py"))["leash_all_workers"]()
    assert told == [BREAKAWAY_OK | KILL_ON_JOB_CLOSE]


@pytest.mark.parametrize("held", [False, True], ids=["free", "in another job"])
def test_contract_on_windows_the_browser_is_started_outside_of_the_job(
    monkeypatch: pytest.MonkeyPatch, held: bool
) -> None:
    opened: list[object] = []

    def start(command: list[str], creationflags: int = 0) -> None:
        if held:
            raise PermissionError("[WinError 5] Access is denied")
        opened.append((command[-1], creationflags))

    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(subprocess, "Popen", start)
    monkeypatch.setattr(webbrowser, "open", lambda address: bool(opened.append(address) or True))
    open_panel._open(ADDRESS)
    assert opened == [ADDRESS if held else (ADDRESS, BREAKAWAY_FROM_JOB)]
