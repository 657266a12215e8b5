"""The tokens in the configuration folder: made once, whoever comes first; and what is said where not."""

import errno
import multiprocessing
import os
import stat
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from threading import Barrier
from types import SimpleNamespace

import pytest

from tests.live.program import environment, free_port
from workers.audio import Settings as Audio
from workers.encode import Settings as Encoding
from workers.sinks._web.tokens import config_folder, control_token, view_token
from workers.sinks.web import Settings, Web
from workers.worker import CannotWork, Host

ROUNDS = 50


def make(folder: Path, together: Barrier, before: bytes | None) -> None:
    """In a process of its own: exits with how often its token was not the one that stays. `before` is in the
    file at first."""
    wrong = 0
    for number in range(ROUNDS):
        if before is not None:
            file = folder / str(number) / "stereoring" / "view_token"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(before)
        with environment(XDG_CONFIG_HOME=str(folder / str(number))):
            together.wait()
            first = view_token()
            together.wait()
            wrong += first != view_token()
    raise SystemExit(wrong)


@pytest.mark.parametrize("before", [None, b"", bytes(22)], ids=["no file", "an empty one", "one of zeros"])
def test_processes_that_start_at_once_have_the_same_token(tmp_path: Path, before: bytes | None) -> None:
    context = multiprocessing.get_context("spawn")
    together = context.Barrier(2, timeout=60)  # else one that fails leaves the other there
    processes = [context.Process(target=make, args=(tmp_path, together, before)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert {file.name for file in tmp_path.glob("*/*/*")} == {"view_token"}


@pytest.mark.parametrize("token", [view_token, control_token])
@pytest.mark.parametrize("before", [b"", b"\n", bytes(22), b"\xff\xfe", b"two words"], ids=str)
def test_a_file_without_a_token_is_named_and_has_a_new_one(
    tmp_path: Path, before: bytes, token: Callable[[], str], caplog: pytest.LogCaptureFixture
) -> None:
    with environment(XDG_CONFIG_HOME=str(tmp_path)):
        config_folder().mkdir()
        file = config_folder() / token.__name__
        file.write_bytes(before)
        new = token()
        assert len(new) >= 22
        assert new == token() == file.read_text()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert [one.name for one in config_folder().iterdir()] == [file.name]
    (said,) = caplog.messages
    assert str(file) in said
    assert "a new one is made" in said


def test_a_token_that_somebody_has_chosen_stays(tmp_path: Path) -> None:
    with environment(XDG_CONFIG_HOME=str(tmp_path)):
        config_folder().mkdir()
        (config_folder() / "view_token").write_text("my-own.token\n")
        assert view_token() == "my-own.token"


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
