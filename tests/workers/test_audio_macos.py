"""What a Mac plays: what ScreenCaptureKit does is played by a stand-in with its selectors."""

import logging
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tests.workers.pushed import STAND_INS

LOG = logging.getLogger("ear")


@pytest.fixture
def trouble(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.syspath_prepend(str(STAND_INS))
    monkeypatch.setenv("STAND_IN_TROUBLE", str(tmp_path / "trouble"))
    return tmp_path / "trouble"


@pytest.fixture
def module(trouble: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    from workers.audio import _screencapturekit

    monkeypatch.setattr(_screencapturekit, "TRY_AGAIN", 0.05)
    return _screencapturekit


@pytest.fixture
def ear(module: ModuleType) -> Iterator[Any]:
    made = module.MacEar(LOG)
    yield made
    made.close()


def heard(ear: Any, seconds: float) -> np.ndarray:  # type: ignore[type-arg]
    end, found = time.monotonic() + seconds, list[Any]()
    while time.monotonic() < end:
        found += [piece.sound for piece in ear.take()]
        time.sleep(0.01)
    return np.concatenate([np.zeros((0, 2), np.float32), *found])


@pytest.mark.parametrize("words", ["", "by_turns"])
def test_contract_both_channels_are_heard_however_they_lie(words: str, ear: Any, trouble: Path) -> None:
    trouble.write_text(words)
    sound = heard(ear, 0.4)
    assert len(sound) > 4800
    left, right = np.abs(sound).max(axis=0)
    assert (left, right) == (pytest.approx(1, abs=0.01), pytest.approx(0.5, abs=0.01))
    assert np.abs(np.fft.rfft(sound[:4800, 0])).argmax() * 10 == 1000


def test_contract_a_sound_that_goes_is_said_once_and_comes_back(
    ear: Any, trouble: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert len(heard(ear, 0.3))
    trouble.write_text("lost")
    heard(ear, 0.3)
    assert len([text for text in caplog.messages if "stopped by the system" in text]) == 1
    trouble.write_text("")
    heard(ear, 0.2)
    assert len(heard(ear, 0.3))


def test_contract_who_may_not_hear_is_told_where_to_allow_it(
    ear: Any, trouble: Path, caplog: pytest.LogCaptureFixture
) -> None:
    trouble.write_text("declined")
    heard(ear, 0.2)
    assert len([text for text in caplog.messages if "Screen Recording" in text]) == 1


def test_contract_when_nobody_asks_nothing_is_recorded(
    ear: Any, module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard(ear, 0.2)
    monkeypatch.setattr(module, "UNHEARD", 0.05)
    end = time.monotonic() + 20
    while ear._stream is not None:
        assert time.monotonic() < end
        time.sleep(0.01)
