"""Which part of the desktop is captured."""

from types import SimpleNamespace

import pytest

from workers.capture._area import area_of
from workers.capture.screen_mss import Settings


def monitor(left: int, top: int, width: int, height: int) -> dict[str, int]:
    return {"left": left, "top": top, "width": width, "height": height}


DESKTOP = SimpleNamespace(
    monitors=[monitor(-100, 0, 2020, 1080), monitor(0, 0, 1920, 1080), monitor(-100, 30, 100, 80)]
)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_contract_without_a_region_it_is_the_whole_monitor(number: int) -> None:
    assert area_of(DESKTOP, Settings(monitor=number)) == DESKTOP.monitors[number]


@pytest.mark.parametrize(
    ("number", "region", "area"),
    [
        (1, (10, 20, 300, 200), monitor(10, 20, 300, 200)),
        (1, (0, 0, 1920, 1080), monitor(0, 0, 1920, 1080)),
        (2, (5, 6, 16, 16), monitor(-95, 36, 16, 16)),
        (2, (84, 64, 16, 16), monitor(-16, 94, 16, 16)),
    ],
)
def test_contract_a_region_is_counted_from_its_monitor(
    number: int, region: tuple[int, ...], area: dict[str, int]
) -> None:
    assert area_of(DESKTOP, Settings(monitor=number, region=region)) == area


def test_contract_a_monitor_that_is_not_there_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"no monitor 3 \(there are 1: 1920 x 1080, 2: 100 x 80\)"):
        area_of(DESKTOP, Settings(monitor=3))
    with pytest.raises(ValueError, match=r"no monitor 1 \(there are none\)"):
        area_of(SimpleNamespace(monitors=[monitor(0, 0, 0, 0)]), Settings(monitor=1))


@pytest.mark.parametrize("region", [(1, 2, 300), (0, 0, 15, 100), (0, 0, 100, 0), (0, 0, 100, -5)])
def test_contract_a_region_that_is_none_is_refused_with_what_it_must_be(region: tuple[int, ...]) -> None:
    with pytest.raises(
        ValueError, match=r"must be \[left, top, width, height\] with at least 16 x 16 pixels"
    ):
        area_of(DESKTOP, Settings(region=region))


@pytest.mark.parametrize(
    "region", [(-1, 0, 100, 100), (0, -1, 100, 100), (1821, 0, 100, 100), (0, 981, 100, 100)]
)
def test_contract_a_region_beyond_its_monitor_is_refused_with_the_monitor_s_size(
    region: tuple[int, ...],
) -> None:
    with pytest.raises(ValueError, match="reaches beyond the monitor's 1920 x 1080 pixels"):
        area_of(DESKTOP, Settings(region=region))
