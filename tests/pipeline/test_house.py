"""What a worker may ask of a real launcher."""

import json
from collections.abc import Iterator

import pytest

from pipeline.house import LauncherHouse
from tests.pipeline.running import LINE, RINGS, Launcher, launched
from workers.house import Refused

pytestmark = pytest.mark.timeout(90)


@pytest.fixture(scope="module")
def launcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launcher]:
    with launched(tmp_path_factory.mktemp("house")) as launcher:
        launcher.until_running()
        yield launcher


@pytest.fixture
def house(launcher: Launcher) -> LauncherHouse:
    return LauncherHouse(launcher.pid)


def test_the_figures_are_those_of_top(launcher: Launcher, house: LauncherHouse) -> None:
    figures, top = house.figures(), launcher.figures()
    assert figures.keys() == top.keys()
    assert [worker["name"] for worker in figures["workers"]] == list(LINE)
    assert {worker["name"]: worker["pid"] for worker in figures["workers"]} == launcher.pids()
    assert {ring["name"] for ring in figures["rings"]} == set(RINGS)
    assert all(ring["fps"] is not None for ring in figures["rings"])
    assert json.loads(json.dumps(figures)) == figures


def test_figures_of_a_launcher_that_is_not_there_are_refused_in_words() -> None:
    with pytest.raises(Refused, match="no launcher runs with process id 4194305"):
        LauncherHouse(4194305).figures()
