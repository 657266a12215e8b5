"""Windows is told that we count pixels as they are."""

from types import SimpleNamespace

import pytest

from workers.capture._dpi import see_real_pixels, tell_windows


class Call:
    """A function of a Windows library."""

    def __init__(self, answer: int) -> None:
        self.answer, self.got = answer, list[int]()

    def __call__(self, value: int) -> int:
        self.got.append(value)
        return self.answer


@pytest.mark.parametrize(("answer", "error", "said"), [(1, 0, 0), (0, 5, 0), (0, 87, 1)])
def test_contract_a_refusal_is_said_unless_it_was_told_before(
    answer: int, error: int, said: int, caplog: pytest.LogCaptureFixture
) -> None:
    call = Call(answer)
    tell_windows(SimpleNamespace(SetProcessDpiAwarenessContext=call), lambda: error)
    assert call.got == [-4]
    assert len(caplog.records) == said


def test_contract_an_older_windows_that_does_not_know_it_is_said(caplog: pytest.LogCaptureFixture) -> None:
    tell_windows(SimpleNamespace(), lambda: 0)
    assert "a scaled one looks smaller" in caplog.text


def test_contract_elsewhere_nothing_is_done() -> None:
    see_real_pixels()
