"""Somebody scribbles over the header of a ring that runs: seen, told with a dump, and put right."""

import mmap
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from pipeline.attach import Onlooker
from shm import layout
from shm.layout import RingSpec, Words
from tests.pipeline.running import LINE, Launcher, holders_of, launched, nothing_is_left, until

pytestmark = [
    pytest.mark.timeout(90),
    pytest.mark.skipif(sys.platform != "linux", reason="gets at the memory through /proc"),
]

USERS = {
    "frame": {"capture", "steady", "stereo"},
    "small": {"capture", "steady"},
    "depth": {"capture", "steady"},
    "nearness": {"steady", "stereo"},
    "picture": {"stereo", "null"},
}


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launcher]:
    with launched(tmp_path_factory.mktemp("corrupt")) as launcher:
        yield launcher


@contextmanager
def header(launcher: Launcher, ring: str) -> Iterator[tuple[RingSpec, Words]]:
    """The words of a ring, as any process of the same user could write them."""
    onlooker = Onlooker(launcher.pid)
    spec = next(spec for data in onlooker.ask()["rings"] if (spec := RingSpec.from_json(data)).name == ring)
    onlooker.close()
    folder = f"/proc/{launcher.pid}/fd"
    names = {
        fd: os.readlink(f"{folder}/{fd}") for fd in os.listdir(folder) if os.path.lexists(f"{folder}/{fd}")
    }
    fd = next(fd for fd, name in names.items() if f"memfd:stereoring-{ring} " in name)
    with open(f"{folder}/{fd}", "r+b", buffering=0) as file:
        memory = mmap.mmap(file.fileno(), spec.nbytes)
    whole = memoryview(memory)
    words = whole[: spec.header_words * layout.WORD].cast("Q")
    try:
        yield spec, words
    finally:
        words.release()
        whole.release()
        memory.close()


def put(at: Callable[[RingSpec], int], value: Callable[[int], int]) -> Callable[[RingSpec, Words], None]:
    def spoil(spec: RingSpec, words: Words) -> None:
        words[at(spec)] = value(words[at(spec)])

    return spoil


SPOILED = {
    "magic": ("frame", put(lambda spec: layout.MAGIC_AT, lambda old: 0)),
    "state": ("depth", put(lambda spec: layout.STATE_AT, lambda old: 77)),
    "reader 0 mode": ("picture", put(lambda spec: spec.row_at[0], lambda old: old + 1)),
    "reader 0 skipped": ("nearness", put(lambda spec: spec.row_at[0] + layout.SKIPPED, lambda old: 1 << 50)),
    "reader 1 received": ("frame", put(lambda spec: spec.row_at[1] + layout.RECEIVED, lambda old: 1 << 63)),
}


@pytest.mark.parametrize("word", SPOILED)
def test_contract_an_impossible_word_is_dumped_and_the_ring_goes_on_in_a_new_segment(
    line: Launcher, word: str
) -> None:
    ring, spoil = SPOILED[word]
    line.until_running()
    line.until_flowing()
    before, restarts, pids = line.ring(ring), line.restarts(), line.pids()
    old = line.segments()
    said = len(line.log)
    with header(line, ring) as (spec, words):
        spoil(spec, words)
        line.until(lambda: f"ring {ring}: header word {word!r}" in line.log[said:], "it is found")
        line.until(lambda: f"ring {ring} gets a new segment" in line.log[said:], "it gets a new segment")
    for name in USERS[ring]:
        line.until_restarted(name, restarts)
    line.until_flowing()
    log = line.log[said:]
    assert log.count("gets a new segment") == 1, log
    assert "  launcher: magic=" in log
    after = line.ring(ring)
    assert (after["generation"], after["writer_starts"], after["state"]) == (
        before["generation"] + 1,
        1,
        "live",
    )
    assert after["seq"] > before["seq"]
    for name in set(LINE) - USERS[ring]:
        assert (line.pids()[name], line.restarts()[name]) == (pids[name], restarts[name])
    line.look_away()
    until(lambda: len(holders_of(old - line.segments())) == 0, "nobody has the old segment any more")


def test_contract_no_frame_number_comes_twice_across_a_new_segment(line: Launcher) -> None:
    line.until_running()
    line.until_flowing()
    with header(line, "picture") as (spec, words):
        generation, seen = spec.generation, 0
        while words[layout.MAGIC_AT]:
            seen = words[layout.HEAD_AT] >> 8
            if seen > spec.base + 20:
                words[layout.MAGIC_AT] = 0
        end = time.monotonic() + 30
        while time.monotonic() < end and line.ring("picture").get("generation") in (generation, None):
            seen = max(seen, words[layout.HEAD_AT] >> 8)
    with header(line, "picture") as (spec, words):
        assert spec.generation == generation + 1
        assert spec.base >= seen


def test_contract_a_corrupt_ring_without_memory_for_another_ends_the_job_plainly(tmp_path: Path) -> None:
    with launched(tmp_path) as launcher:
        segments = launcher.segments()
        psutil.Process(launcher.pid).rlimit(psutil.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
        with header(launcher, "picture") as (_, words):
            words[layout.MAGIC_AT] = 0
        assert launcher.wait() == 1
        assert "ring picture: no memory for a segment" in launcher.log
        assert "Traceback" not in launcher.log
        nothing_is_left(launcher, segments)


def test_contract_a_head_that_no_slot_holds_is_noticed_by_reader_or_launcher(line: Launcher) -> None:
    """The writer writes it again with every frame, so the scribbler has to be busy."""
    line.until_running()
    line.until_flowing()
    generation = line.ring("depth")["generation"]
    with header(line, "depth") as (_, words):
        end = time.monotonic() + 30
        while line.log.count("ring depth gets a new segment") < generation and time.monotonic() < end:
            for _ in range(200):
                words[layout.HEAD_AT] = (words[layout.HEAD_AT] >> 8) << 8 | 200
            time.sleep(0.0001)
    line.until(lambda: line.ring("depth").get("generation", 0) > generation, "a new segment")
    line.until_running()
    line.until_flowing()
