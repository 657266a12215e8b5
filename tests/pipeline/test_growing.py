"""Frames that outgrow their slots while everything runs."""

import os
import resource
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from pipeline.rings import RESIZE_QUIET, RETRY
from tests.bad_workers.grows import FACTOR, drag
from tests.pipeline.running import (
    LINE,
    Launcher,
    Memory,
    as_top_reads_it,
    holders_of,
    launched,
    nothing_is_left,
    until,
)

pytestmark = [
    pytest.mark.timeout(90),
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc"),
]


@pytest.fixture(scope="module")
def first() -> set[Memory]:
    """The segments with which it begins."""
    return set()


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory, first: set[Memory]) -> Iterator[Launcher]:
    """A launcher whose source has grown, and the picture with it."""
    with launched(tmp_path_factory.mktemp("grown"), swap=["capture=grows"]) as launcher:
        first |= launcher.segments()
        drag(launcher.pid)
        launcher.until(
            lambda: launcher.ring("frame")["shape"] == [180 * FACTOR, 320 * FACTOR, 3], "the frame grows"
        )
        launcher.until(
            lambda: launcher.ring("picture")["shape"] == [180 * FACTOR, 640 * FACTOR, 3], "the picture grows"
        )
        launcher.until_flowing()
        yield launcher


def test_contract_each_ring_has_got_one_larger_segment(grown: Launcher) -> None:
    """Though there were dozens of sizes on the way: only when a quarter of a second had been quiet."""
    for ring in grown.figures()["rings"]:
        if ring["name"] == "small":  # it has the network's size, whatever the screen's
            assert (ring["generation"], ring["shape"]) == (1, [192, 320, 3])
            continue
        assert ring["generation"] == 2
        pixels = {"frame": 3, "picture": 6}.get(ring["name"], 4 / 16)
        assert ring["slot_mb"] == pytest.approx(180 * 320 * FACTOR**2 * pixels / 1e6)


def test_contract_nobody_restarted_and_what_did_not_fit_is_counted(grown: Launcher) -> None:
    assert grown.restarts() == dict.fromkeys(LINE, 0)
    assert grown.worker("capture")["lost"] > 0
    assert grown.worker("null")["lost"] == 0


def test_contract_all_readers_have_gone_over_and_go_on(grown: Launcher) -> None:
    before = {ring["name"]: ring for ring in grown.figures()["rings"]}
    grown.until_flowing()
    for ring in grown.figures()["rings"]:
        assert ring["writer_starts"] == 1
        for reader, earlier in zip(ring["readers"], before[ring["name"]]["readers"], strict=True):
            assert reader["received"] > earlier["received"]


def test_contract_the_old_segments_are_gone_from_every_process(grown: Launcher, first: set[Memory]) -> None:
    grown.look_away()
    old = first - grown.segments()
    assert len(old) == 4, "the board stays, and what has the network's size"
    until(lambda: not holders_of(old), "nobody maps them or holds them open")


@pytest.mark.parametrize("name", ["capture", "stereo"])
def test_contract_a_worker_that_dies_while_a_ring_grows_comes_back_to_the_new_segment(
    tmp_path: Path, name: str
) -> None:
    with launched(tmp_path, swap=["capture=grows"]) as launcher:
        old = launcher.segments()
        drag(launcher.pid)
        launcher.until(lambda: launcher.worker("capture")["lost"] > 10, "it is being dragged")
        before = launcher.restarts()
        os.kill(launcher.pids()[name], signal.SIGKILL)
        launcher.until_restarted(name, before)
        launcher.until(
            lambda: launcher.ring("picture")["shape"] == [180 * FACTOR, 640 * FACTOR, 3], "the picture grows"
        )
        launcher.until_flowing()
        assert [n for n, count in launcher.restarts().items() if count] == [name]
        launcher.look_away()
        until(lambda: not holders_of(old - launcher.segments()), "the old segments are gone")


def test_contract_a_picture_that_stands_still_once_it_has_grown_comes_through(tmp_path: Path) -> None:
    with launched(tmp_path, swap=["capture=grows_and_stands"]) as launcher:
        drag(launcher.pid)
        launcher.until(
            lambda: launcher.ring("picture")["shape"] == [180 * FACTOR, 640 * FACTOR, 3], "the picture grows"
        )
        assert launcher.restarts() == dict.fromkeys(LINE, 0)


@contextmanager
def no_memory_for(nbytes: int) -> Iterator[None]:
    """Whoever is started meanwhile gets no segment that is larger."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (nbytes, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)


def test_contract_a_ring_that_cannot_grow_drops_what_does_not_fit_and_says_so_once(
    tmp_path: Path,
) -> None:
    with no_memory_for(4 << 20), launched(tmp_path, swap=["capture=grows"], ready=False) as launcher:
        launcher.until_running()
        drag(launcher.pid)
        launcher.until_logged("frames of 1555200 bytes are dropped: ring frame: no memory")
        lost = launcher.worker("capture")["lost"]
        time.sleep(RETRY + RESIZE_QUIET + 1)
        assert launcher.worker("capture")["lost"] > lost
        assert launcher.log.count("are dropped: ring frame") == 1, "though it was tried again"
        assert launcher.restarts() == dict.fromkeys(LINE, 0)
        psutil.Process(launcher.pid).rlimit(psutil.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        launcher.until(
            lambda: launcher.ring("frame")["generation"] == 2, "it grows when there is memory again"
        )
        launcher.until_flowing()


def test_contract_a_still_picture_that_was_too_large_is_asked_for_again(tmp_path: Path) -> None:
    with launched(tmp_path, swap=["capture=outgrows"], ready=False) as launcher:
        launcher.until_running()
        launcher.until(
            lambda: launcher.ring("picture")["shape"] == [180 * FACTOR, 640 * FACTOR, 3], "it is shown"
        )
        assert launcher.worker("capture")["lost"] > 0


def test_contract_a_ring_that_grows_with_the_last_descriptor_ends_nothing(tmp_path: Path) -> None:
    with launched(tmp_path, swap=["capture=grows"]) as launcher:
        launcher.look_away()
        process = psutil.Process(launcher.pid)
        process.rlimit(psutil.RLIMIT_NOFILE, (launcher.open_files() + 2, 4096))
        drag(launcher.pid)
        launcher.until_logged("Too many open files")
        process.rlimit(psutil.RLIMIT_NOFILE, (1024, 4096))
        launcher.until(
            lambda: launcher.ring("picture")["shape"] == [180 * FACTOR, 640 * FACTOR, 3], "the picture grows"
        )
        assert "Traceback" not in launcher.log


def test_contract_top_sees_the_new_segments_too(grown: Launcher) -> None:
    result = as_top_reads_it(grown, "--json", "--interval=0.2")
    assert result.returncode == 0
    assert f'"shape": [{180 * FACTOR}, {320 * FACTOR}, 3]' in result.stdout


def test_contract_a_grown_launcher_leaves_nothing(grown: Launcher, first: set[Memory]) -> None:
    segments = grown.segments()
    assert grown.stop() == 0
    nothing_is_left(grown, segments | first)
