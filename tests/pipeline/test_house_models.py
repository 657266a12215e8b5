"""Depth models through a worker's house: listed, downloaded by a process of their own, cancelled."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from pipeline.house import LauncherHouse
from pipeline.stopping import INTERRUPTED
from tests.live.program import environment
from tests.live.slow_hub import COMMIT, NAME, WEIGHTS, slow_hub
from tests.pipeline.running import REPO, WATCHDOG, Launcher, launched, nothing_is_left, until
from workers.depth._folders import cached
from workers.house import Refused

pytestmark = pytest.mark.timeout(90)


@pytest.fixture
def hub() -> Iterator[Any]:
    with slow_hub() as hub:
        yield hub


@pytest.fixture
def launcher(tmp_path: Path, hub: Any) -> Iterator[Launcher]:
    cache, mirror = str(tmp_path / "cache"), hub.address
    with (
        environment(XDG_CACHE_HOME=cache, HF_ENDPOINT=mirror, STEREORING_MODELS=None, HF_HUB_OFFLINE=None),
        launched(tmp_path) as launcher,
    ):
        yield launcher


def listed(house: LauncherHouse, name: str = NAME) -> dict[str, Any]:
    return next(model for model in house.models()["models"] if model["name"] == name)


def download_of(house: LauncherHouse, name: str = NAME) -> dict[str, Any]:
    return listed(house, name)["download"] or {}


def until_begun(launcher: Launcher, house: LauncherHouse) -> None:
    launcher.until(lambda: download_of(house).get("done", 0) > 0, "some of it has come")


def test_every_known_model_is_listed_with_its_licence_and_whether_it_is_here(launcher: Launcher) -> None:
    house = LauncherHouse(launcher.pid)
    assert listed(house, "built-in")["here"]
    assert not listed(house, "tcmonodepth-small")["here"]
    assert listed(house, "tcmonodepth-small")["licence"] == "MIT (c) 2021 Yu Li"
    assert "cannot run yet" in listed(house, "depth-anything/DA3-SMALL")["why_not"]


def test_a_download_says_how_far_it_is_and_the_picture_goes_on(
    launcher: Launcher, hub: Any, tmp_path: Path
) -> None:
    house = LauncherHouse(launcher.pid)
    house.download(NAME)
    until_begun(launcher, house)
    told = download_of(house)
    assert told["state"] == "running"
    assert told["done"] < told["total"]
    with pytest.raises(Refused, match="is being downloaded already"):
        house.download(NAME)
    launcher.until_flowing()
    hub.go_on.set()
    launcher.until(lambda: download_of(house)["state"] == "done", "all of it has come")
    folder = tmp_path / "cache" / "stereoring" / "models" / cached(NAME) / "snapshots" / COMMIT
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS


def test_a_cancelled_download_keeps_what_has_come_and_goes_on_from_there(
    launcher: Launcher, hub: Any
) -> None:
    house = LauncherHouse(launcher.pid)
    house.download(NAME)
    until_begun(launcher, house)
    house.cancel_download(NAME)
    assert download_of(house)["state"] == "cancelled"
    assert not listed(house)["here"]
    assert not [process for process in children(launcher) if "download" in process]
    with pytest.raises(Refused, match="is not being downloaded"):
        house.cancel_download(NAME)
    hub.go_on.set()
    house.download(NAME)
    launcher.until(lambda: download_of(house)["state"] == "done", "the rest has come")
    assert listed(house)["here"]


def test_what_cannot_be_downloaded_says_why(launcher: Launcher) -> None:
    house = LauncherHouse(launcher.pid)
    with pytest.raises(Refused, match="'built-in' is not to be had"):
        house.download("built-in")
    house.download("nobody/nothing")
    launcher.until(lambda: download_of(house, "nobody/nothing")["state"] == "failed", "it has failed")
    assert "Not Found" in download_of(house, "nobody/nothing")["error"]


def test_a_download_ends_with_the_program(launcher: Launcher) -> None:
    house = LauncherHouse(launcher.pid)
    house.download(NAME)
    until_begun(launcher, house)
    segments = launcher.segments()
    assert launcher.stop() == 0
    nothing_is_left(launcher, segments)


def children(launcher: Launcher) -> list[str]:
    return [" ".join(child.cmdline()) for child in psutil.Process(launcher.pid).children(recursive=True)]


def test_ctrl_c_ends_a_download_with_a_word_and_what_has_come(tmp_path: Path, hub: Any) -> None:
    with environment(XDG_CACHE_HOME=str(tmp_path), HF_ENDPOINT=hub.address, HF_HUB_OFFLINE=None):
        asked = [sys.executable, str(REPO / "launcher.py"), "models", "download", NAME]
        process = subprocess.Popen(asked, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        until(lambda: list(tmp_path.rglob("*.part")), "it has begun")
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=WATCHDOG)
    assert process.returncode == INTERRUPTED
    assert said.splitlines()[-1] == f"stopped; what has come of {NAME} is kept, the same command goes on"
    assert "Traceback" not in said
