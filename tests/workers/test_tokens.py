"""The tokens in the configuration folder: made once, whoever comes first; and what is said where not."""

import errno
import multiprocessing
import os
from contextlib import nullcontext
from pathlib import Path
from threading import Barrier
from types import SimpleNamespace

import pytest

from tests.live.program import environment, free_port
from workers.audio import Settings as Audio
from workers.encode import Settings as Encoding
from workers.sinks._web.tokens import config_folder, view_token
from workers.sinks.web import Settings, Web
from workers.worker import CannotWork, Host

ROUNDS = 50


def make(folder: Path, together: Barrier) -> None:
    """In a process of its own: exits with how often its token was not the one that stays."""
    wrong = 0
    for number in range(ROUNDS):
        with environment(XDG_CONFIG_HOME=str(folder / str(number))):
            together.wait()
            first = view_token()
            together.wait()
            wrong += first != view_token()
    raise SystemExit(wrong)


def test_processes_that_start_at_once_have_the_same_token(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    together = context.Barrier(2)
    processes = [context.Process(target=make, args=(tmp_path, together)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert {file.name for file in tmp_path.glob("*/*/*")} == {"view_token"}


def test_a_file_system_without_links_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*names: Path) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", link)
    with environment(XDG_CONFIG_HOME=str(tmp_path)):
        assert view_token() == view_token()
        assert [file.name for file in config_folder().iterdir()] == ["view_token"]


@pytest.mark.parametrize("lan", [False, True])
def test_a_folder_that_cannot_be_made_is_named_with_what_to_do(tmp_path: Path, lan: bool) -> None:
    (tmp_path / "file").touch()
    settings = SimpleNamespace(
        web=Settings(port=free_port(), lan=lan, https_port=free_port()), audio=Audio(), encode=Encoding()
    )
    sink = Web(settings, Host(lambda what, limit: nullcontext(), lambda kind, **what: None, 1))
    with environment(XDG_CONFIG_HOME=str(tmp_path / "file")), pytest.raises(CannotWork) as why:
        sink.open()
    assert str(tmp_path / "file" / "stereoring") in str(why.value)
    assert "set the environment variable XDG_CONFIG_HOME to another folder" in str(why.value)
