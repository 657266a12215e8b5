"""The window does not begin on the monitor that is captured, where another is there."""

from types import SimpleNamespace

import pytest

from tests.workers.one_process import host
from workers.capture import Settings as Capture
from workers.capture.screen_mss import Settings as Screen
from workers.sinks._window import showing
from workers.sinks._window.first_monitor import Corner, first_monitor, monitor_under
from workers.sinks.window import Settings, Window

TWO = [Corner(0, 0), Corner(1920, 0)]


@pytest.mark.parametrize(
    ("captured", "there", "first"),
    [(None, TWO, 1), (1, TWO, 2), (2, TWO, 1), (0, TWO, 1), (1, TWO[:1], 1), (2, [*TWO, Corner(0, 1080)], 1)],
)
def test_contract_it_is_one_that_is_not_captured(
    captured: int | None, there: list[Corner], first: int
) -> None:
    assert first_monitor(0, captured, there) == first


def test_contract_the_user_may_want_it_where_it_is_captured() -> None:
    assert first_monitor(1, 1, TWO) == 1


def test_contract_a_monitor_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match=r"window.monitor: there is no monitor 3 \(there are 2\)"):
        first_monitor(3, None, TWO)


@pytest.mark.parametrize(
    ("place", "under"),
    [
        ((100, 100, 800, 450), 0),
        ((1500, 100, 800, 450), 0),
        ((1600, 100, 800, 450), 1),
        ((2500, 900, 800, 450), 1),
        ((-700, -300, 800, 450), 0),
        ((900, 1100, 400, 300), 2),
        ((0, 3000, 400, 300), 2),
    ],
)
def test_contract_it_is_on_the_monitor_that_has_its_middle_or_is_nearest(
    place: tuple[int, int, int, int], under: int
) -> None:
    there = [(0, 0, 1920, 1080), (1920, 0, 1280, 720), (0, 1080, 1920, 1080)]
    monitors = [SimpleNamespace(x=x, y=y, width=width, height=height) for x, y, width, height in there]
    assert monitor_under(place, monitors) == under


@pytest.mark.parametrize(("source", "warned"), [("screen_mss", True), ("screen_macos", False)])
def test_contract_who_has_one_monitor_is_warned_where_the_source_shows_our_window(
    source: str, warned: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(showing, "corners", lambda: TWO[:1])
    settings = SimpleNamespace(capture=Capture(source=source), screen_mss=Screen(), window=Settings())
    assert Window(settings, host())._choose_monitor() == TWO[0]
    assert ("it shows itself inside itself" in caplog.text) == warned
